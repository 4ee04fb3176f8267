internal import NIOCore
internal import Wire

/// What an operator asks of a coordinator, at the address where it listens for that.
public enum ServerCommand: Sendable, Hashable {
  /// Starts workers of a directory, at the coordinator, beside those of a model, sends new calls to
  /// them once they are ready, and ends the old ones.
  case swap(model: String, directory: String)
  /// Sends the worker at the address nothing more; one of the coordinator's own is replaced.
  case drain(worker: String)
  /// Reads the configuration again and does what is new in it.
  case reload
}

extension MillpondClient {
  /// Has a command carried out: a line comes for each step that is done, and the sequence ends with
  /// the last. What is begun is finished, also when nobody reads on.
  ///
  /// A command is sent once: where the connection ends under it, it may or may not have been carried
  /// out, and `.unavailable` is thrown.
  ///
  /// It throws `MillpondError`: `.failedPrecondition` where it could not be done, naming the reason;
  /// `.unimplemented` at an address that is not for administration.
  public func administer(
    _ command: ServerCommand, call: CallOptions = CallOptions()
  ) -> AsyncThrowingStream<String, any Error> {
    let (stream, sink) = AsyncThrowingStream.makeStream(of: String.self)
    let request: AdminRequest =
      switch command {
      case .swap(let model, let directory): .swap(model: model, directory: directory)
      case .drain(let worker): .drain(address: worker)
      case .reload: .reload
      }
    let delivery = PooledCall.Delivery.command { part in
      guard part.body.readableBytes > 0 else { return }
      do throws(WireError) {
        for line in try AdminResponse(decoding: part.body.readableBytesSpan).lines {
          sink.yield(line)
        }
      } catch {
        sink.finish(throwing: MillpondError(error))
      }
    }
    let cancel = follow(.admin, body: request.encoded(), options: call, as: delivery) { error in
      sink.finish(throwing: error)
    }
    // The client lives as long as somebody may read.
    sink.onTermination = { [self] _ in
      cancel()
      withExtendedLifetime(self) {}
    }
    return stream
  }
}
