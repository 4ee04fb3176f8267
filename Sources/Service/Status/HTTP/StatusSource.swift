/// What is asked of a service over HTTP.
package enum StatusQuestion: Sendable, Hashable, CaseIterable {
  /// Whether the process's event loop answers: `/live`. Who asks again and again, and gets no, may
  /// end the process. A busy process is live.
  case live
  /// Whether it takes calls now: `/ready`. No while it warms up or drains, while a model has no
  /// worker, or while a compute thread is stuck; the text says which. A busy process is ready.
  case ready
  /// Everything that is counted: `/metrics`.
  case metrics
}

/// A service's answer to a question about itself.
package struct StatusAnswer: Sendable, Equatable {
  /// Whether it is a yes: 200, else 503.
  package var isGood: Bool
  /// For a person, or for a scraper. A line without its end gets one.
  package var text: String
  package var contentType: String

  /// Plain text unless said otherwise.
  package init(
    isGood: Bool, _ text: String, contentType: String = "text/plain; charset=utf-8"
  ) {
    self.isGood = isGood
    self.text = text
    self.contentType = contentType
  }

  /// What is counted.
  package init(_ metrics: PrometheusText) {
    self.init(isGood: true, metrics.text, contentType: PrometheusText.contentType)
  }
}

/// A service that can say how it is.
package protocol StatusSource: Sendable {
  /// Answers on any thread, once; what comes later than a second is too late, and 503 was answered
  /// in its place. It is called on the thread that serves status and must not block it: a service
  /// hands the question to the event loop whose health it is about.
  func ask(_ question: StatusQuestion, answer: @escaping @Sendable (StatusAnswer) -> Void)
}
