#define _GNU_SOURCE
#include "workers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire.h"

enum { DIMENSIONS = 384, TOKENS = 20, PART_INPUTS_MAX = 1024 };
enum { EMBED = 1, INFO = 5, HEALTH = 6 };
enum { REPORT_TURNS = 10, REPORT_TURN_NS = 100000000 };

static Source *listeners;
static int listener_count;
static Peer **peers;  // NULL where one was
static size_t peer_count, peer_capacity;

// Messages

// LoadReport
static Buffer load_report(void) {
  Buffer report = {0};
  put_number(&report, 1, 50);    // backlog_us
  put_number(&report, 4, 1);     // threads
  put_number(&report, 5, 2500);  // token_ns
  put_number(&report, 7, 250);   // tokens_per_kilobyte
  return report;
}

// ResponseHead, with status OK
static Buffer response_head(uint32_t first_input, uint32_t input_count) {
  Buffer head = {0}, none = {0}, timings = {0}, load = load_report();
  put_message(&head, 1, &none);  // status
  put_text(&head, 2, "fake-1");  // fingerprint
  put_number(&timings, 1, 5);    // queue_us
  put_number(&timings, 2, 5);    // tokenize_us
  put_number(&timings, 3, 50);   // compute_us
  put_number(&timings, 4, 60);   // total_us
  put_message(&head, 3, &timings);
  if (input_count > 0) put_message(&head, 4, &load);
  put_number(&head, 5, first_input);
  put_number(&head, 6, input_count);
  free(timings.bytes);
  free(load.bytes);
  return head;
}

// EmbedResponse: a unit vector for each input
static Buffer embed_response(uint32_t input_count) {
  Buffer body = {0}, result = {0};
  float vector[DIMENSIONS];
  for (int i = 0; i < DIMENSIONS; i++) vector[i] = i % 2 ? -0.0510310f : 0.0510310f;
  put_bytes(&result, 1, vector, sizeof vector);  // EmbedResult.embedding
  put_number(&result, 3, TOKENS);
  for (uint32_t i = 0; i < input_count; i++) put_message(&body, 1, &result);  // results
  put_number(&body, 2, DIMENSIONS);
  free(result.bytes);
  return body;
}

// InfoResponse
static Buffer info_response(void) {
  Buffer body = {0}, model = {0};
  put_text(&body, 1, "worker");  // role
  put_text(&body, 2, "fake");    // version
  put_text(&model, 1, "fake");   // name
  put_text(&model, 2, "fake-1");
  put_text(&model, 3, "FakeModel");  // architecture
  put_text(&model, 4, "embed");      // task
  put_text(&model, 5, "cosine");     // score
  put_number(&model, 6, 256);        // max_tokens
  put_number(&model, 7, DIMENSIONS);
  put_number(&model, 13, 1);        // threads
  put_text(&model, 15, "vector");   // outputs
  put_message(&body, 3, &model);    // models
  free(model.bytes);
  return body;
}

// HealthResponse
static Buffer health_response(void) {
  Buffer body = {0}, model = {0};
  put_number(&body, 1, 1);  // live
  put_number(&body, 2, 1);  // ready
  put_number(&body, 3, 1);  // progressing
  put_text(&model, 1, "fake");
  put_number(&model, 2, 1);  // workers_ready
  put_number(&model, 3, 1);  // workers_known
  put_message(&body, 4, &model);
  free(model.bytes);
  return body;
}

// Hello, with the credit that a worker grants by default
static Buffer hello(void) {
  Buffer head = {0}, limits = {0};
  put_number(&limits, 1, FRAME_BYTES_MAX);
  put_number(&limits, 2, 1024);       // calls
  put_number(&limits, 3, 128 << 20);  // bytes
  put_number(&limits, 4, 64 << 20);   // call_bytes
  put_number(&limits, 5, 65536);      // call_inputs
  put_number(&head, 1, 1);            // version
  put_message(&head, 2, &limits);
  put_text(&head, 3, "fake worker");
  free(limits.bytes);
  return head;
}

// Answers

static void answer(Peer *peer, uint64_t call, int flags, Buffer head, Buffer body) {
  put_frame(&peer->out, RESPONSE, flags, call, &head, &body);
  free(head.bytes);
  free(body.bytes);
}

static void answer_inputs(Peer *peer, uint64_t call, uint32_t count, const uint8_t *body, size_t body_length) {
  // The answer to one input, but for call id and stamp: nearly all that is asked.
  static Buffer one;
  static size_t body_offset;
  if (one.length == 0) {
    Buffer head = response_head(0, 1), response = embed_response(1);
    put_frame(&one, RESPONSE, END, 0, &head, &response);
    body_offset = HEADER_BYTES + head.length;
    free(head.bytes);
    free(response.bytes);
  }
  if (count == 1) {
    uint8_t *frame = extend(&peer->out, one.length);
    memcpy(frame, one.bytes, one.length);
    memcpy(frame + offsetof(Header, call), &call, sizeof call);
    if (body_length < STAMP_BYTES) return;
    memcpy(frame + body_offset + STAMP_OFFSET, body + body_length - STAMP_BYTES, STAMP_BYTES);
    return;
  }
  uint32_t first = 0;
  do {
    uint32_t part = count - first < PART_INPUTS_MAX ? count - first : PART_INPUTS_MAX;
    answer(peer, call, first + part == count ? END : 0, response_head(first, part), embed_response(part));
    first += part;
  } while (first < count);
}

static void request(Peer *peer, const Header *header, const uint8_t *head) {
  if (header->flags != END) die("a request in several frames: fake workers take small ones only");
  const uint8_t *at = head, *end = head + header->head_length;
  uint64_t method = 0, count = 0;
  for (Field field; next_field(&at, end, &field);) {  // RequestHead
    if (field.number == 1) method = field.value;
    if (field.number == 5) count = field.value;  // input_count
  }
  if (method == INFO) {
    answer(peer, header->call, END, response_head(0, 0), info_response());
  } else if (method == HEALTH) {
    answer(peer, header->call, END, response_head(0, 0), health_response());
  } else {  // Embed; and any other method by Embed's bytes, which a relay does not look into.
    answer_inputs(peer, header->call, (uint32_t)count, end, header->length - header->head_length);
  }
}

static void frame(Peer *peer, const Header *header, const uint8_t *payload) {
  if (header->kind == REQUEST) request(peer, header, payload);
  if (header->kind == PING) put_frame(&peer->out, PONG, 0, header->call, NULL, NULL);
}

// Connections

static void closed(Peer *peer) {
  for (size_t i = 0; i < peer_count; i++) {
    if (peers[i] == peer) peers[i] = NULL;
  }
}

static void accept_ready(Source *listener) {
  int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  if (peer_count == peer_capacity) {
    peer_capacity = peer_capacity ? peer_capacity * 2 : 64;
    peers = realloc(peers, peer_capacity * sizeof *peers);
  }
  Peer *peer = peers[peer_count++] = calloc(1, sizeof *peer);
  peer->frame = frame;
  peer->closed = closed;
  open_peer(peer, fd);
  Buffer head = hello();
  put_frame(&peer->out, HELLO, 0, 0, &head, NULL);
  free(head.bytes);
  flush(peer);
}

void report_loads(uint64_t now) {
  static uint64_t due;
  static size_t turn;
  if (now < due) return;
  due = now + REPORT_TURN_NS;
  Buffer head = load_report();
  for (size_t i = turn++ % REPORT_TURNS; i < peer_count; i += REPORT_TURNS) {
    if (peers[i] == NULL) continue;
    put_frame(&peers[i]->out, LOAD_REPORT, 0, 0, &head, NULL);
    flush(peers[i]);
  }
  free(head.bytes);
}

void open_workers(int count, int port) {
  listeners = calloc((size_t)count, sizeof *listeners);
  listener_count = count;
  for (int i = 0; i < count; i++) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)(port ? port + i : 0));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 128) != 0) {
      die("port %d: %s", port ? port + i : 0, strerror(errno));
    }
    listeners[i] = (Source){fd, accept_ready};
    watch(&listeners[i]);
  }
}

void print_workers(void) {
  fputs("ready", stdout);
  for (int i = 0; i < listener_count; i++) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    getsockname(listeners[i].fd, (struct sockaddr *)&address, &size);
    printf(" 127.0.0.1:%d", ntohs(address.sin_port));
  }
  putchar('\n');
  fflush(stdout);
}
