import ModelFiles

/// The error that `body` throws, nil when it throws none.
func failure<T>(_ body: () throws(ModelFilesError) -> T) -> ModelFilesError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error
  }
}
