internal import NIOCore
package import Wire

/// A call whose inputs may go to different workers: it can be cut, and its answers joined.
package struct SplittableCall: Sendable {
  fileprivate enum Request: Sendable {
    case embed(EmbedRequest)
    case classify(ClassifyRequest)
    case score(ScoreRequest)
    case tokenize(TokenizeRequest)
  }

  private let request: Request
  /// UTF-8 bytes of each input; of a pair both texts.
  package let inputByteCounts: [Int]

  /// - Returns: nil for a method that has no inputs.
  /// - Throws: `.malformed`, `.tooLarge`; a pairing of a Score call that is neither 1:N nor N:N is
  ///   left for the worker to refuse.
  package init?(_ method: Method, body: RawSpan) throws(WireError) {
    switch method {
    case .embed: request = .embed(try EmbedRequest(decoding: body))
    case .classify: request = .classify(try ClassifyRequest(decoding: body))
    case .score: request = .score(try ScoreRequest(decoding: body))
    case .tokenize: request = .tokenize(try TokenizeRequest(decoding: body))
    case .info, .health, .admin: return nil
    }
    inputByteCounts = request.inputByteCounts
  }

  /// Whether the inputs can be told apart: a Score call with a wrong pairing cannot.
  package var isWellFormed: Bool {
    if case .score(let request) = request {
      return request.queries.count == 1 || request.queries.count == request.documents.count
    }
    return true
  }

  /// Bytes of all `inputKeys`: with each of many documents stands the query.
  package var keyByteCount: Int {
    inputByteCounts.reduce(inputByteCounts.count * (options.count + 16), +)
  }

  /// Bytes that each part of it has, whatever inputs are in it: options, and the query of documents.
  package var repeatedByteCount: Int { body(of: []).count }

  /// What two inputs must have in common to have the same result, beside model and method: the call's
  /// options and the input itself.
  package var inputKeys: [[UInt8]] {
    let options = options
    switch request {
    case .embed(let request): return request.inputs.map { options + [0] + $0.keyBytes }
    case .classify(let request): return request.inputs.map { options + [0] + $0.keyBytes }
    case .tokenize(let request): return request.inputs.map { options + [0] + $0.keyBytes }
    case .score(let request):
      return request.documents.indices.map { index in
        let query = request.query(for: index) ?? []
        let pair = Input.pair(query: query, document: request.documents[index])
        return options + [0] + pair.keyBytes
      }
    }
  }

  /// The request without inputs.
  private var options: [UInt8] {
    guard case .score(var request) = request else { return body(of: []) }
    request.queries = []
    request.documents = []
    return request.encoded()
  }

  /// The body of the same call for some of its inputs, in that order.
  package func body(of inputs: [Int]) -> [UInt8] {
    switch request {
    case .embed(var request):
      request.inputs = inputs.map { request.inputs[$0] }
      return request.encoded()
    case .classify(var request):
      request.inputs = inputs.map { request.inputs[$0] }
      return request.encoded()
    case .tokenize(var request):
      request.inputs = inputs.map { request.inputs[$0] }
      return request.encoded()
    case .score(var request):
      if request.queries.count != 1 { request.queries = inputs.map { request.queries[$0] } }
      request.documents = inputs.map { request.documents[$0] }
      return request.encoded()
    }
  }
}

extension SplittableCall.Request {
  fileprivate var inputByteCounts: [Int] {
    switch self {
    case .embed(let request): request.inputs.map(\.byteCount)
    case .classify(let request): request.inputs.map(\.byteCount)
    case .tokenize(let request): request.inputs.map(\.byteCount)
    case .score(let request):
      request.documents.indices.map { index in
        request.documents[index].count + (request.query(for: index)?.count ?? 0)
      }
    }
  }
}

extension ScoreRequest {
  fileprivate func query(for index: Int) -> [UInt8]? {
    queries.count == 1 ? queries[0] : queries.indices.contains(index) ? queries[index] : nil
  }
}

extension Input {
  /// Bytes that are the same for equal inputs only.
  fileprivate var keyBytes: [UInt8] {
    switch self {
    case .text(let text): return [0] + text
    case .ids(let ids):
      return ids.reduce(into: [1]) { bytes, id in
        withUnsafeBytes(of: id.littleEndian) { bytes.append(contentsOf: $0) }
      }
    case .pair(let query, let document):
      var bytes: [UInt8] = [2]
      withUnsafeBytes(of: UInt64(query.count).littleEndian) { bytes.append(contentsOf: $0) }
      return bytes + query + document
    }
  }
}
