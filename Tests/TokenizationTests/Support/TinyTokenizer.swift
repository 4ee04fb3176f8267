import JSON
import Tokenization

/// tokenizer.json texts for tests, with parts that can be replaced.
struct TinyTokenizer {
  static let bertNormalizer = """
    {"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,\
    "strip_accents":null,"lowercase":true}
    """
  static let bertTemplate = """
    {"type":"TemplateProcessing",\
    "single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},\
    {"SpecialToken":{"id":"[SEP]","type_id":0}}],\
    "pair":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},\
    {"SpecialToken":{"id":"[SEP]","type_id":0}},{"Sequence":{"id":"B","type_id":1}},\
    {"SpecialToken":{"id":"[SEP]","type_id":1}}],\
    "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[1],"tokens":["[CLS]"]},\
    "[SEP]":{"id":"[SEP]","ids":[2],"tokens":["[SEP]"]}}}
    """
  /// Word i of a to j has id 3 + i.
  static let vocabulary = """
    {"[UNK]":0,"[CLS]":1,"[SEP]":2,"a":3,"b":4,"c":5,"d":6,"e":7,"f":8,"g":9,"h":10,"i":11,"j":12,\
    "##x":13,"##y":14}
    """

  var version = "\"1.0\""
  var addedTokens = "[]"
  var normalizer = Self.bertNormalizer
  var preTokenizer = "{\"type\":\"BertPreTokenizer\"}"
  var postProcessor = Self.bertTemplate
  var model = Self.model(vocabulary: vocabulary)

  static func model(
    vocabulary: String, unknown: String = "\"[UNK]\"", charactersMax: String = "100"
  ) -> String {
    """
    {"type":"WordPiece","unk_token":\(unknown),"continuing_subword_prefix":"##",\
    "max_input_chars_per_word":\(charactersMax),"vocab":\(vocabulary)}
    """
  }

  /// The pre-tokenizer `Split` by a regular expression, spelled as in JSON.
  static func split(_ expression: String) -> String {
    """
    {"type":"Split","pattern":{"Regex":"\(expression)"},"behavior":"Isolated","invert":false}
    """
  }

  var text: String {
    """
    {"version":\(version),"truncation":{"max_length":4,"strategy":"LongestFirst","stride":0},\
    "padding":{"strategy":{"Fixed":9}},"added_tokens":\(addedTokens),"normalizer":\(normalizer),\
    "pre_tokenizer":\(preTokenizer),"post_processor":\(postProcessor),"decoder":null,\
    "model":\(model)}
    """
  }

  func read() throws -> Tokenizer {
    try Tokenizer(JSON.parse(Array(text.utf8)), fileName: "tokenizer.json")
  }
}

/// `count` words of the tiny vocabulary, parted by spaces: a b c … j a b …
func words(_ count: Int) -> [UInt8] {
  Array(
    (0..<count).map { String("abcdefghij".dropFirst($0 % 10).prefix(1)) }
      .joined(separator: " ").utf8)
}
