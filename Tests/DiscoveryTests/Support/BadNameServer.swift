import Discovery
import NIOCore
import NIOPosix

/// A server that takes questions over UDP and TCP and answers as a test says, or not at all.
final class BadNameServer: Sendable {
  /// What comes back over UDP for a question's bytes; nil for nothing.
  typealias Reply = @Sendable ([UInt8]) -> [UInt8]?

  let port: Int
  private let datagrams: any Channel
  private let connections: any Channel

  /// What comes over TCP is taken and never answered.
  init(_ reply: @escaping Reply) async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let port = try NameServer.freePort()
    self.port = port
    datagrams = try await DatagramBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ReplyHandler(reply))
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    connections = try await ServerBootstrap(group: group)
      .bind(host: "127.0.0.1", port: port).get()
  }

  deinit {
    datagrams.close(promise: nil)
    connections.close(promise: nil)
  }

  /// The question's bytes as the answer to it, with these flags and numbers of records.
  static func header(of question: [UInt8], flags: [UInt8], answers: UInt8) -> [UInt8] {
    guard question.count > 12 else { return [] }
    var nameEnd = 12
    while nameEnd < question.count, question[nameEnd] != 0 { nameEnd += Int(question[nameEnd]) + 1 }
    return question[..<2] + flags + [0, 1, 0, answers, 0, 0, 0, 0]
      + question[12..<min(nameEnd + 5, question.count)]
  }
}

private final class ReplyHandler: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>
  typealias OutboundOut = AddressedEnvelope<ByteBuffer>

  private let reply: BadNameServer.Reply

  init(_ reply: @escaping BadNameServer.Reply) {
    self.reply = reply
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let question = unwrapInboundIn(data)
    guard let bytes = reply(Array(question.data.readableBytesView)) else { return }
    let answer = AddressedEnvelope(
      remoteAddress: question.remoteAddress, data: ByteBuffer(bytes: bytes))
    context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
  }
}
