internal import ModelFiles

/// The Dense modules of sentence-transformers.
extension Rule {
  /// The Dense modules in file order; the first takes vectors of `width`. Throws for files that
  /// are missing, widths that do not follow each other, and functions that cannot be run: vLLM
  /// drops such a module silently.
  static func denseModules(
    _ metadata: ModelMetadata, width: Int
  ) throws(ResolutionError) -> [DenseModule] {
    var width = width
    var result: [DenseModule] = []
    for module in metadata.modules ?? [] where module.kind == .dense {
      guard let config = module.config else {
        throw ResolutionError(
          .missing,
          "\(metadata.path)/\(module.path)/config.json is missing, which modules.json needs for "
            + "a Dense module")
      }
      let dense = try reading { () throws(ModelFilesError) in
        try denseModule(config, path: module.path)
      }
      guard dense.inFeatures == width else {
        throw ResolutionError(
          config.error(
            .malformed, "in_features",
            "is \(dense.inFeatures), but the vectors before it have the width \(width)"))
      }
      width = dense.outFeatures
      result.append(dense)
    }
    return result
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
