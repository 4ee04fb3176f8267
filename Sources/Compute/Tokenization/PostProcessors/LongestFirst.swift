/// The `longest_first` strategy for pairs, matching `tokenizers` 0.23.3, `utils/truncation.rs`.
enum LongestFirst {
  /// How many tokens of each text stay, of `first` and `second` that there are, if `budget` may
  /// stay. Not less than the shorter text is kept, up to half of the budget; of an odd budget the
  /// longer text has one more, and of equally long texts the second.
  static func keep(first: Int, second: Int, budget: Int) -> (first: Int, second: Int) {
    if first <= budget, second <= budget - first { return (first, second) }
    let isSwapped = first > second
    let shorter = min(first, second)
    let half = budget / 2
    let kept = shorter <= half ? shorter : half
    return isSwapped ? (budget - kept, kept) : (kept, budget - kept)
  }
}
