internal import ModelFiles

/// The Dense modules of sentence-transformers.
extension Rule {
  /// The Dense and LayerNorm modules in file order; the first takes vectors of `width`. Throws for
  /// files that are missing, widths that do not follow each other, and functions that cannot be
  /// run: vLLM drops such a module silently.
  static func vectorModules(
    _ metadata: ModelMetadata, width: Int
  ) throws(ResolutionError) -> DenseModules {
    var width = width
    var result = DenseModules()
    for module in metadata.modules ?? [] where [.dense, .layerNorm].contains(module.kind) {
      guard let config = module.config else {
        throw ResolutionError(
          .missing,
          "\(metadata.path)/\(module.path)/config.json is missing, which modules.json needs for "
            + "a \(module.kind?.rawValue ?? "") module")
      }
      guard module.kind == .dense else {
        try checkWidth(config, "dimension", width)
        result.norms.append(
          VectorNorm(path: module.path, width: width, mapsBefore: result.list.count))
        continue
      }
      let dense = try reading { () throws(ModelFilesError) in
        try denseModule(config, path: module.path)
      }
      try checkWidth(config, "in_features", width)
      width = dense.outFeatures
      result.list.append(dense)
    }
    return result
  }

  private static func checkWidth(
    _ config: ConfigFile, _ key: String, _ width: Int
  ) throws(ResolutionError) {
    let own = try reading { () throws(ModelFilesError) in
      try config.requireInt(key, in: 1...1 << 20)
    }
    guard own == width else {
      throw ResolutionError(
        config.error(
          .malformed, key, "is \(own), but the vectors before it have the width \(width)"))
    }
  }

  private static func denseModule(
    _ config: ConfigFile, path: String
  ) throws(ModelFilesError) -> DenseModule {
    if try config.bool("use_residual") ?? false {
      throw config.error(
        .unsupported, "use_residual", "is true, which cannot be run; only false can")
    }
    let sizes = 1...1 << 20
    let key = "activation_function"
    let name = try config.string(key) ?? "torch.nn.modules.activation.Tanh"
    let known = DenseModule.Function.allCases.map(\.rawValue)
    guard name.hasPrefix("torch.nn.modules."), let last = name.split(separator: ".").last,
      let function = DenseModule.Function(rawValue: String(last))
    else {
      throw config.error(
        .unsupported, key,
        "is \(name.quotedForMessage), which cannot be run; those of torch.nn.modules can that end "
          + "in \(known.joined(separator: ", "))")
    }
    return DenseModule(
      path: path, inFeatures: try config.requireInt("in_features", in: sizes),
      outFeatures: try config.requireInt("out_features", in: sizes),
      hasBias: try config.bool("bias") ?? true, function: function)
  }
}
