// What the kernel tells of another process, here of the relay.
#pragma once

typedef struct {
  double processor;  // seconds, of all threads
  double waiting;    // seconds in which a thread could have run and another process did
  double resident;   // bytes
} Watched;

Watched watched(int pid);  // Zeros of one that is gone.
