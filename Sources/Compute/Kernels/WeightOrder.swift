/// Weights in the order in which a model multiplies with them, which is that in which it loads them:
/// each product brings the first panels of the next one into the cache, where memory is slower than
/// the processor. A hint; no result depends on it.
///
/// `@unchecked Sendable`: written while a model is loaded, on one thread, and only read from then on.
package final class WeightOrder: @unchecked Sendable {
  /// What follows some weights, once it is known.
  final class Successor: @unchecked Sendable {
    fileprivate(set) var weights: PackedWeights?
  }

  private var last: Successor?

  package init() {}

  /// Puts weights behind those that came before.
  func append(_ weights: PackedWeights) -> Successor {
    last?.weights = weights
    let successor = Successor()
    last = successor
    return successor
  }
}
