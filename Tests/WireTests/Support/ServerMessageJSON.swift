import Wire

extension InfoResponse: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.string("role", role)
    fields.string("version", version)
    fields.list("models", models.map(\.plain))
    fields.list("workers", workers.map(\.plain))
    fields.number64("resident_bytes", residentBytes)
    fields.number64("uptime_ms", uptimeMilliseconds)
    return fields.plain
  }
}

extension ModelInfo: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.string("name", name)
    fields.string("fingerprint", fingerprint)
    fields.string("architecture", architecture)
    fields.string("task", task)
    fields.string("score", score)
    fields.number("max_tokens", maxTokens)
    fields.number("dimensions", dimensions)
    fields.list("labels", labels.map(Plain.string))
    fields.list("prompts", prompts.map(Plain.string))
    fields.string("precision", precision)
    fields.string("isa", instructionSet)
    fields.string("blas_core", blasCore)
    fields.number("threads", threads)
    fields.number64("parameters", UInt64(parameters))
    fields.list("outputs", outputs.map(Plain.string))
    fields.list("allowed_dimensions", allowedDimensions.map { .number(Double($0)) })
    fields.string("default_prompt", defaultPrompt)
    return fields.plain
  }
}

extension WorkerInfo: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.string("address", address)
    fields.string("model", model)
    fields.string("state", state)
    fields.number("pid", processID)
    fields.number("restarts", restarts)
    fields.value("load", load?.plain)
    fields.number("open_pieces", openPieces)
    return fields.plain
  }
}

extension HealthResponse: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.bool("live", isLive)
    fields.bool("ready", isReady)
    fields.bool("progressing", isProgressing)
    fields.list(
      "models",
      models.map { model in
        var health = Fields()
        health.string("name", model.name)
        health.number("workers_ready", model.workersReady)
        health.number("workers_known", model.workersKnown)
        return health.plain
      })
    return fields.plain
  }
}
