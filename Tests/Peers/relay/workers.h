// Fake workers: an embedder that answers at once, whatever it is asked, so that only the relay before it costs.
#pragma once

#include <stdint.h>

void open_workers(int count, int port);  // On ports in a row, or with port 0 on any free ones.
void print_workers(void);                // "ready", and their addresses.
void report_loads(uint64_t now);         // Each connection hears about once a second; call this often.
