internal import JSON
internal import ModelFiles

/// The token at the end of an input over which a decoder's classifier passes.
///
/// transformers' `GenericForSequenceClassification` reads the last token that is not the pad token,
/// also of an input that brings pad tokens of its own; where it has nothing else, the first token.
/// vLLM reads the last token whatever it is.
extension Rule {
  static let padToken: [Rule] = [
    Rule(
      "pad-token.not-read", sets: .padToken,
      reads: [.architecture, .task, .conversion, .tokenHead, .pooling]
    ) { (facts, _) throws(ResolutionError) in
      // A head made of the language model's rows stands where that would write the next token, and
      // NVIDIA's bidirectional classes go by the mask.
      let passesOver =
        facts[.task] == .classify && facts[.conversion] == .sequenceClassification
        && facts[.tokenHead].head == nil && facts[.pooling].list == [.last]
        && !facts[.architecture].hasPrefix("LlamaBidirectional")
      return passesOver ? nil : PadToken()
    },
    Rule("pad-token.config", sets: .padToken) { (_, metadata) throws(ResolutionError) in
      let key = "pad_token_id"
      // null, unlike absence, is none.
      if metadata.config.isNull(key) { return PadToken() }
      let ids = -1...Int(Int32.max)
      let id = try reading { () throws(ModelFilesError) in
        try metadata.config.int(key, in: ids)
      }
      // Old files say −1 for none.
      return id.map { PadToken(id: $0 < 0 ? nil : Int32($0)) }
    },
    Rule("pad-token.class-default", sets: .padToken, reads: [.family]) {
      (facts, _) throws(ResolutionError) in
      PadToken(id: FamilyFacts.of(facts[.family]).padID)
    },
  ]
}

/// The pad token that a classifier passes over, or none.
struct PadToken: FactValue {
  var id: Int32? = nil

  var factText: String { id.map { "\($0)" } ?? "none" }
}

extension FactKey where Value == PadToken {
  static var padToken: Self { Self(fact: .padToken) }
}
