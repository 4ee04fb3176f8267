/// How the products of a model are computed. All else is f32 in each of them.
package enum Precision: String, Sendable, CaseIterable {
  /// Weights and rows in f32; 16-bit weights are widened, exactly, as they are used.
  case f32
  /// Weights and rows rounded to bf16, sums in f32.
  case bf16
  /// Weights as 8-bit codes with a scale for each output column; rows as 8-bit codes with a scale
  /// and a zero point each; sums in integers, exactly.
  case int8
}
