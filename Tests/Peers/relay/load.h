// The caller: many Embed calls over some connections, as fast as they are answered or at a fixed rate.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  char host[64];
  int port;
  int connections;
  int in_flight;  // on each connection
  double seconds, warm_seconds;
  uint64_t calls;  // after which it ends; 0: only time ends it
  double rate;     // calls a second over all connections; 0: as fast as they are answered
  bool sleeps;     // until the next call is due
  int request_bytes_min, request_bytes_max;  // of the whole frame
  bool same_text;  // in each call: real workers do not give stamps back
  bool unshared;   // each call is computed for itself
  int budget_ms;   // 0: no deadline
  int pid;            // of the process that is watched meanwhile; 0: none
  char model[64];
} Load;

// Runs it, and prints what came of it as a line of JSON. `between` is called often, with the time.
void run_load(const Load *load, void (*between)(uint64_t now));
