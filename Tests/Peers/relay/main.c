// Load for a relay: fake workers behind it, callers before it, on one thread and one epoll.
//
//   relay_load workers N [--port P]             serves until it is ended; prints "ready" and the addresses
//   relay_load load --connect HOST:PORT ...     calls, and prints one line of JSON
//   relay_load both N [--port P]                serves, and makes the load of each line of standard input
//
//   --connections 4 --in-flight 64 --seconds 3 --warm 0.5 --model NAME --budget-ms N
//   --request-bytes 100, or 100-65536: of each call by chance
//   --calls N         ends after so many calls, and tells the memory of the watched process after each tenth of them
//   --rate CALLS      an open load: so many calls a second, each timed from when it was due
//   --sleep yes       between the calls of an open load, where others need the processor: wakes up a little late
//   --text same       the same text in each call, as real workers need: fake ones say by each answer whose it is
//   --sharing off     equal calls are computed each for itself
//   --watch PID       tells processor time and memory of that process as well: the relay's
//
// cc -O2 -o relay_load *.c
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "load.h"
#include "wire.h"
#include "workers.h"

enum { WORDS_MAX = 64 };

static const Load defaults = {
    .connections = 4, .in_flight = 64, .seconds = 3, .warm_seconds = 0.5, .request_bytes_min = 100, .request_bytes_max = 100};

static void read_address(Load *load, const char *text) {
  const char *colon = strrchr(text, ':');
  if (colon == NULL || (size_t)(colon - text) >= sizeof load->host) die("%s is not HOST:PORT", text);
  memcpy(load->host, text, (size_t)(colon - text));
  load->port = atoi(colon + 1);
}

static void read_sizes(Load *load, const char *text) {
  char *rest;
  load->request_bytes_min = load->request_bytes_max = (int)strtol(text, &rest, 10);
  if (*rest == '-') load->request_bytes_max = atoi(rest + 1);
  if (load->request_bytes_max < load->request_bytes_min) die("%s is not MIN-MAX", text);
}

static Load read_load(int count, char **words) {
  Load load = defaults;
  for (int i = 0; i < count; i += 2) {
    const char *name = words[i], *value = i + 1 < count ? words[i + 1] : NULL;
    if (value == NULL) die("%s needs a value", name);
    if (strcmp(name, "--connect") == 0) read_address(&load, value);
    else if (strcmp(name, "--connections") == 0) load.connections = atoi(value);
    else if (strcmp(name, "--in-flight") == 0) load.in_flight = atoi(value);
    else if (strcmp(name, "--seconds") == 0) load.seconds = atof(value);
    else if (strcmp(name, "--warm") == 0) load.warm_seconds = atof(value);
    else if (strcmp(name, "--rate") == 0) load.rate = atof(value);
    else if (strcmp(name, "--request-bytes") == 0) read_sizes(&load, value);
    else if (strcmp(name, "--budget-ms") == 0) load.budget_ms = atoi(value);
    else if (strcmp(name, "--calls") == 0) load.calls = strtoull(value, NULL, 10);
    else if (strcmp(name, "--sleep") == 0) load.sleeps = strcmp(value, "yes") == 0;
    else if (strcmp(name, "--sharing") == 0) load.unshared = strcmp(value, "off") == 0;
    else if (strcmp(name, "--text") == 0) load.same_text = strcmp(value, "same") == 0;
    else if (strcmp(name, "--watch") == 0) load.pid = atoi(value);
    else if (strcmp(name, "--model") == 0) snprintf(load.model, sizeof load.model, "%s", value);
    else die("unknown option %s", name);
  }
  if (load.port == 0) die("--connect HOST:PORT is missing");
  if (load.connections < 1 || load.in_flight < 1 || load.seconds <= 0) die("nothing to do");
  return load;
}

static int read_port(int count, char **words) {
  if (count == 0) return 0;
  if (count != 2 || strcmp(words[0], "--port") != 0) die("unknown option %s", words[0]);
  return atoi(words[1]);
}

// Standard input: a load for each line.

static char line[4096];
static size_t line_length;

static void make_load(char *text) {
  char *words[WORDS_MAX];
  int count = 0;
  for (char *word = strtok(text, " \r"); word && count < WORDS_MAX; word = strtok(NULL, " \r")) words[count++] = word;
  if (count == 0) return;
  Load load = read_load(count, words);
  run_load(&load, report_loads);
}

static bool take_lines(void) {
  ssize_t count = read(STDIN_FILENO, line + line_length, sizeof line - 1 - line_length);
  if (count <= 0) return false;
  line_length += (size_t)count;
  line[line_length] = 0;
  for (char *end; (end = strchr(line, '\n')) != NULL;) {
    char text[sizeof line];
    *end = 0;
    strcpy(text, line);
    line_length -= (size_t)(end + 1 - line);
    memmove(line, end + 1, line_length + 1);
    make_load(text);
  }
  return true;
}

static bool has_input;

static void input_ready(Source *source) {
  (void)source;
  has_input = true;
}

static void serve(bool takes_loads) {
  Source input = {STDIN_FILENO, input_ready};
  if (takes_loads) watch(&input);
  print_workers();
  for (;;) {
    poll_sources(100);
    report_loads(woken);
    if (has_input && !take_lines()) return;
    has_input = false;
  }
}

static void raise_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int count, char **words) {
  const char *mode = count > 1 ? words[1] : "";
  raise_file_limit();
  if (strcmp(mode, "load") == 0) {
    Load load = read_load(count - 2, words + 2);
    run_load(&load, NULL);
    return 0;
  }
  bool is_both = strcmp(mode, "both") == 0;
  if (count < 3 || (!is_both && strcmp(mode, "workers") != 0) || atoi(words[2]) < 1) {
    fputs("relay_load workers N | load --connect HOST:PORT | both N: see main.c\n", stderr);
    return 2;
  }
  open_workers(atoi(words[2]), read_port(count - 3, words + 3));
  serve(is_both);
  return 0;
}
