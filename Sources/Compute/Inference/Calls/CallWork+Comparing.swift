/// What comparing the units of a call takes.
extension CallWork {
  /// Most multiplications of one call whose token vectors are compared: some seconds of one thread,
  /// which nothing interrupts.
  private static let multiplicationsMax = 20_000_000_000

  /// Throws `.invalidArgument` with the limit where the token vectors of all distinct pairs may
  /// take more multiplications to compare.
  func checkComparisons(_ model: ModelDescription) throws(EngineError) {
    guard finish == .maxSim else { return }
    let rows = units.map { tokensMax($0, model) }
    let distinct = Set(pairs)
    var sum = 0
    for pair in distinct {
      let (products, productsOverflow) = rows[pair.query]
        .multipliedReportingOverflow(by: rows[pair.document])
      let (own, ownOverflow) = products.multipliedReportingOverflow(by: model.tokenWidth)
      let (next, overflow) = sum.addingReportingOverflow(own)
      sum = productsOverflow || ownOverflow || overflow ? .max : next
      if sum == .max { break }
    }
    guard sum <= Self.multiplicationsMax else {
      throw EngineError(
        .invalidArgument, reason: .callTooLarge,
        "comparing the \(distinct.count) distinct pairs of the call may take \(sum) "
          + "multiplications, the limit is \(Self.multiplicationsMax): send fewer pairs in a call")
    }
  }
}
