#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "watched.h"
#include "wire.h"

static const double SECOND = 1e9;
static const uint64_t OPEN_NS = 10000000000u, DRAIN_NS = 2000000000u;
enum { SIZES = 256, CODES = 17, TENTHS = 10 };
static const char *const code_names[CODES] = {
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"};

typedef struct {
  uint64_t id;     // of the open call, or 0
  uint64_t start;  // when it was sent, or was to be
  uint8_t stamp[STAMP_BYTES];
  uint8_t code;  // of its failure
} Slot;

typedef struct {
  Peer peer;
  bool is_ready;  // The server said hello.
  uint64_t last_id;
  uint32_t open;
  Slot *slots;  // by the low bits of the call id
} Caller;

static struct {
  const Load *load;
  Caller *callers;
  Buffer requests[SIZES];  // a call's frame of each size, but for id and stamp
  int sizes;
  Buffer answer;  // the first one's body
  uint64_t slot_mask;
  uint32_t last_stamp;
  int ready, refused, lost;
  char reason[128];
  bool is_sending, is_counting;
  uint64_t calls, errors, wrong, open;
  uint64_t in_time, all_in_time;  // while it counts, and in all
  uint64_t codes[CODES];
  double resident[TENTHS];
  int tenths;
  float *latencies;  // in microseconds
  size_t latency_capacity;
} run;

// Messages

// Hello
static void put_hello(Buffer *out) {
  Buffer head = {0}, limits = {0};
  put_number(&limits, 1, FRAME_BYTES_MAX);
  put_number(&head, 1, 1);  // version
  put_message(&head, 2, &limits);
  put_text(&head, 3, "relay_load");
  put_frame(out, HELLO, 0, 0, &head, NULL);
  free(head.bytes);
  free(limits.bytes);
}

// A request's frame with a text of that many bytes
static Buffer request_frame(const Load *load, size_t text_bytes) {
  static const char words[] = "the tide is out and low water uncovers the mudflats ";
  Buffer frame = {0}, head = {0}, budget = {0}, body = {0}, input = {0}, text = {0};
  for (size_t i = 0; i < text_bytes; i++) append(&text, &words[i % (sizeof words - 1)], 1);
  put_number(&head, 1, 1);  // RequestHead.method: EMBED
  put_text(&head, 2, load->model);
  put_number(&budget, 1, (uint64_t)load->budget_ms * 1000);  // Budget.remaining_us
  if (load->budget_ms > 0) put_message(&head, 3, &budget);
  put_number(&head, 5, 1);  // input_count
  put_number(&head, 6, text.length);
  put_number(&head, 11, load->unshared);  // sharing: OFF
  put_bytes(&input, 1, text.bytes, text.length);  // Input.text
  put_message(&body, 1, &input);                  // EmbedRequest.inputs
  put_frame(&frame, REQUEST, END, 0, &head, &body);
  free(head.bytes);
  free(budget.bytes);
  free(body.bytes);
  free(input.bytes);
  free(text.bytes);
  return frame;
}

static Buffer request_of(const Load *load, size_t frame_bytes) {
  enum { AROUND = 64 };  // More bytes than a frame has around its text, but for the model's name.
  size_t around = AROUND + strlen(load->model);
  size_t least = frame_bytes > around + STAMP_BYTES ? frame_bytes - around : STAMP_BYTES;
  for (size_t text_bytes = least;; text_bytes++) {
    Buffer frame = request_frame(load, text_bytes);
    if (frame.length >= frame_bytes) return frame;
    free(frame.bytes);
  }
}

static unsigned by_chance(unsigned below) {
  static uint64_t state = 0x9e3779b97f4a7c15;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (unsigned)((state >> 32) * below >> 32);
}

static void make_requests(const Load *load) {
  unsigned range = (unsigned)(load->request_bytes_max - load->request_bytes_min);
  run.sizes = range > 0 ? SIZES : 1;
  for (int i = 0; i < run.sizes; i++) {
    run.requests[i] = request_of(load, (size_t)load->request_bytes_min + (range > 0 ? by_chance(range + 1) : 0));
  }
}

// Status.code
static uint8_t status_code(const uint8_t *at, const uint8_t *end, char *message, size_t size) {
  uint64_t code = 0;
  for (Field field; next_field(&at, end, &field);) {
    if (field.number == 1) code = field.value;
    if (field.number == 3 && message) snprintf(message, size, "%.*s", (int)field.value, field.bytes);
  }
  return code < CODES ? (uint8_t)code : 2;  // UNKNOWN
}

// A ResponseHead's status
static uint8_t head_code(const uint8_t *at, const uint8_t *end) {
  for (Field field; next_field(&at, end, &field);) {
    if (field.number != 1) continue;
    return status_code(field.bytes, field.bytes + field.value, run.reason, sizeof run.reason);
  }
  return 0;
}

// The error in the one result of an EmbedResponse, or 0
static uint8_t result_code(const uint8_t *at, const uint8_t *end) {
  Field result, each;
  if (!next_field(&at, end, &result) || result.number != 1) return 0;
  for (at = result.bytes, end = at + result.value; next_field(&at, end, &each);) {
    if (each.number != 2) continue;
    return status_code(each.bytes, each.bytes + each.value, run.reason, sizeof run.reason);
  }
  return 0;
}

// Calls

static void put_stamp(uint8_t *stamp, uint32_t number) {
  for (int i = 0; i < STAMP_BYTES; i++) stamp[i] = (uint8_t)('a' + (number >> 4 * i & 15));
}

static void start_call(Caller *caller, uint64_t start) {
  // Ids rise by one; the slot of a call that is still open is left out.
  do caller->last_id++;
  while (caller->slots[caller->last_id & run.slot_mask].id != 0);
  Slot *slot = &caller->slots[caller->last_id & run.slot_mask];
  *slot = (Slot){.id = caller->last_id, .start = start};
  const Buffer *request = &run.requests[run.sizes > 1 ? by_chance((unsigned)run.sizes) : 0];
  uint8_t *frame = extend(&caller->peer.out, request->length);
  memcpy(frame, request->bytes, request->length);
  memcpy(frame + offsetof(Header, call), &caller->last_id, sizeof caller->last_id);
  if (!run.load->same_text) {
    put_stamp(slot->stamp, ++run.last_stamp);
    memcpy(frame + request->length - STAMP_BYTES, slot->stamp, STAMP_BYTES);
  }
  caller->open++;
  run.open++;
}

// All answers of a turn came when it began: a clock for each would cost more than it tells.
static void count_call(const Slot *slot) {
  if (slot->code != 0) {
    run.errors++;
    run.codes[slot->code]++;
    return;
  }
  bool is_in_time = run.load->budget_ms == 0 || woken - slot->start <= (uint64_t)run.load->budget_ms * 1000000;
  run.all_in_time += is_in_time;
  if (!run.is_counting) return;
  run.in_time += is_in_time;
  if (run.calls == run.latency_capacity) {
    run.latency_capacity = run.latency_capacity ? run.latency_capacity * 2 : 1 << 20;
    run.latencies = realloc(run.latencies, run.latency_capacity * sizeof *run.latencies);
    if (run.latencies == NULL) die("out of memory");
  }
  run.latencies[run.calls++] = (float)(woken - slot->start) / 1e3f;
}

// Every answer is the first one's body with the call's own stamp; of the same text it is the same body.
static bool is_expected(const Slot *slot, const uint8_t *body, size_t length) {
  const size_t stamp_end = STAMP_OFFSET + STAMP_BYTES;
  if (length != run.answer.length || length < stamp_end) return false;
  const uint8_t *stamp = run.load->same_text ? run.answer.bytes + STAMP_OFFSET : slot->stamp;
  return memcmp(body, run.answer.bytes, STAMP_OFFSET) == 0 && memcmp(body + STAMP_OFFSET, stamp, STAMP_BYTES) == 0
         && memcmp(body + stamp_end, run.answer.bytes + stamp_end, length - stamp_end) == 0;
}

static void check_answer(Slot *slot, const uint8_t *body, size_t length) {
  if (slot->code != 0 || is_expected(slot, body, length)) return;
  slot->code = result_code(body, body + length);
  if (slot->code != 0) return;
  if (run.answer.length > 0) {
    run.wrong++;
    return;
  }
  append(&run.answer, body, length);
  if (!is_expected(slot, body, length)) run.wrong++;
}

static void answered(Caller *caller, const Header *header, const uint8_t *payload) {
  Slot *slot = &caller->slots[header->call & run.slot_mask];
  if (slot->id != header->call) die("an answer to call %llu, which is not open", (unsigned long long)header->call);
  const uint8_t *body = payload + header->head_length;
  if (header->head_length > 0) slot->code = head_code(payload, body);
  if (header->flags != END) return;
  check_answer(slot, body, header->length - header->head_length);
  count_call(slot);
  slot->id = 0;
  caller->open--;
  run.open--;
  if (run.is_sending && run.load->rate == 0) start_call(caller, woken);
}

// Connections

static void opened(Caller *caller, const uint8_t *at, const uint8_t *end) {
  uint64_t calls = 0;
  for (Field field; next_field(&at, end, &field);) {  // Hello
    if (field.number != 2) continue;
    const uint8_t *limits = field.bytes, *limits_end = field.bytes + field.value;
    for (Field limit; next_field(&limits, limits_end, &limit);) {
      if (limit.number == 2) calls = limit.value;
    }
  }
  if (calls < (uint64_t)run.load->in_flight) die("the server grants %d calls on a connection", (int)calls);
  caller->is_ready = true;
  run.ready++;
}

static void closed(Peer *peer) {
  Caller *caller = (Caller *)peer;
  if (caller->is_ready) {
    run.lost++;
    run.ready--;
  } else {
    run.refused++;
  }
  caller->is_ready = false;
  run.errors += caller->open;
  run.open -= caller->open;
  caller->open = 0;
}

static void went_away(const uint8_t *at, const uint8_t *end) {
  for (Field field; next_field(&at, end, &field);) {  // GoAway
    if (field.number == 2) status_code(field.bytes, field.bytes + field.value, run.reason, sizeof run.reason);
  }
}

static void frame(Peer *peer, const Header *header, const uint8_t *payload) {
  switch (header->kind) {
    case HELLO:
      return opened((Caller *)peer, payload, payload + header->head_length);
    case RESPONSE:
      return answered((Caller *)peer, header, payload);
    case PING:
      return put_frame(&peer->out, PONG, 0, header->call, NULL, NULL);
    case GO_AWAY:
      return went_away(payload, payload + header->head_length);
    default:
      return;
  }
}

static void turn(double milliseconds, void (*between)(uint64_t)) {
  poll_sources(milliseconds);
  if (between) between(woken);
}

static void connect_callers(const Load *load, void (*between)(uint64_t)) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)load->port)};
  if (inet_pton(AF_INET, load->host, &address.sin_addr) != 1) die("%s is no IPv4 address", load->host);
  for (int i = 0; i < load->connections; i++) {
    Caller *caller = &run.callers[i];
    caller->slots = calloc(run.slot_mask + 1, sizeof *caller->slots);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
      die("connection %d to %s:%d: %s", i + 1, load->host, load->port, strerror(errno));
    }
    caller->peer.frame = frame;
    caller->peer.closed = closed;
    open_peer(&caller->peer, fd);
    put_hello(&caller->peer.out);
    flush(&caller->peer);
    turn(0, between);
  }
  uint64_t end = now_ns() + OPEN_NS;
  while (run.ready + run.refused < load->connections && woken < end) turn(10, between);
  if (run.ready == 0) die("no connection was taken: %s", run.reason);
}

// The run

static double own_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
         + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// Starts what is due. A call that no connection has room for is late, and its latency says so.
static void start_due(const Load *load, double *due) {
  static unsigned next;
  while (*due <= (double)woken) {
    Caller *caller = NULL;
    for (int tried = 0; tried < load->connections && caller == NULL; tried++) {
      Caller *each = &run.callers[next++ % (unsigned)load->connections];
      if (each->is_ready && each->open < (uint32_t)load->in_flight) caller = each;
    }
    if (caller == NULL) return;
    start_call(caller, (uint64_t)*due);
    flush(&caller->peer);
    *due += SECOND / load->rate;
  }
}

static int compare(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static double quantile(double share) {
  return run.calls ? run.latencies[(size_t)((double)(run.calls - 1) * share)] : 0;
}

static void print_result(const Load *load, double seconds, double own, Watched before, Watched after) {
  qsort(run.latencies, run.calls, sizeof *run.latencies, compare);
  for (char *at = run.reason; *at; at++) {
    if (*at == '"' || *at == '\\' || (unsigned char)*at < ' ') *at = '\'';
  }
  printf("{\"calls\": %llu, \"seconds\": %.4f, \"calls_per_second\": %.1f, \"errors\": %llu, \"wrong\": %llu, ",
         (unsigned long long)run.calls, seconds, (double)run.calls / seconds, (unsigned long long)run.errors,
         (unsigned long long)run.wrong);
  printf("\"connections\": %d, \"refused\": %d, \"lost\": %d, \"reason\": \"%s\", \"request_bytes\": %zu, ",
         run.ready, run.refused, run.lost, run.reason, run.requests[0].length);
  printf("\"in_time\": %llu, \"all_in_time\": %llu, \"codes\": {", (unsigned long long)run.in_time,
         (unsigned long long)run.all_in_time);
  const char *comma = "";
  for (int i = 1; i < CODES; i++) {
    if (run.codes[i] == 0) continue;
    printf("%s\"%s\": %llu", comma, code_names[i], (unsigned long long)run.codes[i]);
    comma = ", ";
  }
  printf("}, ");
  printf("\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f, \"own_busy\": %.3f",
         quantile(0.5), quantile(0.99), quantile(0.999), quantile(1), own / seconds);
  if (load->pid > 0) {
    double processor = after.processor - before.processor, waiting = after.waiting - before.waiting;
    printf(", \"resident_tenths\": [");
    for (int i = 0; i < run.tenths; i++) printf("%s%.0f", i > 0 ? ", " : "", run.resident[i]);
    printf("], \"busy\": %.3f, \"waiting\": %.3f, \"calls_per_processor_second\": %.1f, \"resident_bytes\": %.0f",
           processor / seconds, waiting / seconds, processor > 0 ? (double)run.calls / processor : 0, after.resident);
  }
  puts("}");
  fflush(stdout);
}

static void start_all(const Load *load) {
  for (int i = 0; i < load->connections; i++) {
    if (!run.callers[i].is_ready) continue;
    for (int j = 0; j < load->in_flight; j++) start_call(&run.callers[i], woken);
    flush(&run.callers[i].peer);
  }
}

// Whether all calls of the load are answered; looks at the memory on the way.
static bool is_done(const Load *load) {
  uint64_t done = run.calls + run.errors;
  if (load->calls == 0) return false;
  if (run.tenths < TENTHS && done * TENTHS >= load->calls * (uint64_t)(run.tenths + 1)) {
    run.resident[run.tenths++] = watched(load->pid).resident;
  }
  return done >= load->calls;
}

static double wait_milliseconds(const Load *load, double due) {
  enum { MILLISECONDS_MAX = 10 };
  if (load->rate == 0) return MILLISECONDS_MAX;
  double left = load->sleeps ? (due - (double)now_ns()) / 1e6 : 0;
  return left < 0 ? 0 : left > MILLISECONDS_MAX ? MILLISECONDS_MAX : left;
}

// Calls until `end`.
static void call_until(uint64_t end, const Load *load, double *due, void (*between)(uint64_t)) {
  while (woken < end && run.ready > 0 && !is_done(load)) {
    if (load->rate > 0) start_due(load, due);
    turn(wait_milliseconds(load, *due), between);
  }
}

void run_load(const Load *load, void (*between)(uint64_t)) {
  memset(&run, 0, sizeof run);
  run.load = load;
  make_requests(load);
  run.callers = calloc((size_t)load->connections, sizeof *run.callers);
  for (run.slot_mask = 1; run.slot_mask < 4 * (uint64_t)load->in_flight;) run.slot_mask *= 2;
  run.slot_mask -= 1;
  run.last_stamp = (uint32_t)now_ns();  // other stamps than those of the run before
  connect_callers(load, between);

  run.is_sending = true;
  double due = (double)woken;
  if (load->rate == 0) start_all(load);
  call_until(woken + (uint64_t)(load->warm_seconds * SECOND), load, &due, between);
  run.is_counting = true;
  uint64_t start = woken;
  double own = own_seconds();
  Watched before = watched(load->pid);
  call_until(start + (uint64_t)(load->seconds * SECOND), load, &due, between);
  double seconds = (double)(woken - start) / SECOND;
  own = own_seconds() - own;
  Watched after = watched(load->pid);
  run.is_counting = run.is_sending = false;

  for (uint64_t end = woken + DRAIN_NS; run.open > 0 && woken < end;) turn(10, between);
  run.errors += run.open;  // never answered
  print_result(load, seconds, own, before, after);
  for (int i = 0; i < load->connections; i++) {
    close_peer(&run.callers[i].peer);
    free(run.callers[i].slots);
  }
  free(run.callers);
  for (int i = 0; i < run.sizes; i++) free(run.requests[i].bytes);
  free(run.answer.bytes);
  free(run.latencies);
}
