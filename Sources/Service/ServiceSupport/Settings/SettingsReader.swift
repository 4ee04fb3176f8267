internal import JSON

/// Reads settings one by one: flags over variables over the file over the default.
///
/// A setting has one source: a flag replaces a list in the file, it does not add to it. An empty
/// variable counts as not set. Variables that begin with `MILLPOND_` but belong to no setting are
/// not looked at: Kubernetes itself sets such ones (`MILLPOND_SERVICE_HOST`, `MILLPOND_PORT`)
/// beside a service of that name. Keys of the file that belong to no setting are errors.
///
/// swift-configuration would read the same three sources, but its JSON provider brings Foundation,
/// which none of our services links; the reader on our own JSON module is these few lines.
package struct SettingsReader {
  private let flags: [String: [String]]
  private let environment: [String: String]
  private let file: SettingsFile?
  private var entries: [(key: String, value: [UInt8], source: SettingSource)] = []

  /// - Parameters:
  ///   - flags: the values of each flag that was given, by its name with the dashes.
  ///   - environment: all variables.
  ///   - file: the configuration file, if there is one.
  package init(flags: [String: [String]], environment: [String: String], file: SettingsFile?) {
    self.flags = flags.filter { !$0.value.isEmpty }
    self.environment = environment.filter { !$0.value.isEmpty }
    self.file = file
  }

  /// The value in force and where it comes from.
  ///
  /// - Throws: `.badValue`, naming the source, the value and what is expected.
  package mutating func read<Value>(
    _ setting: Setting<Value>
  ) throws(SettingsError) -> Sourced<Value> {
    let sourced = try value(of: setting)
    var writer = JSONWriter()
    setting.write(sourced.value, &writer)
    entries.append((setting.key, writer.bytes, sourced.source))
    return sourced
  }

  /// To be called after all settings are read.
  ///
  /// - Throws: `.unknownKey`, naming the first key of the file that no setting has, and the file.
  package func finish() throws(SettingsError) {
    guard let file else { return }
    let known = entries.map(\.key)
    for (key, _) in file.json.members {
      let key = String(decoding: key, as: UTF8.self)
      guard known.contains(key) else {
        throw SettingsError(
          .unknownKey,
          "\(file.path): unknown key '\(key)'; the keys are \(known.joined(separator: ", "))")
      }
    }
  }

  /// The settings read so far as JSON, one a line: `{"listen":{"value":…,"from":"default"},…}`.
  package var effectiveConfiguration: [UInt8] {
    var lines: [[UInt8]] = []
    for entry in entries {
      var writer = JSONWriter()
      writer.string(entry.key)
      var line = Array("  ".utf8) + writer.bytes + Array(": {\"value\": ".utf8) + entry.value
      writer.removeAll()
      writer.string(entry.source.description)
      line += Array(", \"from\": ".utf8) + writer.bytes + Array("}".utf8)
      lines.append(line)
    }
    return Array("{\n".utf8) + Array(lines.joined(separator: ",\n".utf8)) + Array("\n}\n".utf8)
  }

  private func value<Value>(
    of setting: Setting<Value>
  ) throws(SettingsError) -> Sourced<Value> {
    if let texts = flags[setting.flag] {
      return Sourced(
        value: try read(setting, texts, from: setting.flag), source: .flag(setting.flag))
    }
    if let text = environment[setting.variable] {
      let texts =
        setting.isList ? text.split(separator: ",").map(String.init) : [text]
      return Sourced(
        value: try read(setting, texts, from: setting.variable),
        source: .variable(setting.variable))
    }
    if let file, let json = file.json[setting.key], !json.isNull {
      do throws(ValueError) {
        return Sourced(value: try setting.readJSON(json), source: .file(path: file.path))
      } catch {
        throw SettingsError(.badValue, "\(file.path): key '\(setting.key)': \(error.message)")
      }
    }
    return Sourced(value: setting.fallback, source: .fallback)
  }

  private func read<Value>(
    _ setting: Setting<Value>, _ texts: [String], from name: String
  ) throws(SettingsError) -> Value {
    do throws(ValueError) {
      return try setting.readTexts(texts)
    } catch {
      throw SettingsError(
        .badValue, "\(name) \(texts.joined(separator: ",")): \(error.message)")
    }
  }
}
