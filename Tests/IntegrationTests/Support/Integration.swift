import Testing

/// Everything that runs real workers and coordinators with models.
///
/// One test at a time: they share the processors, and some measure memory or count processes.
@Suite("Millpond as processes", .serialized, .timeLimit(.minutes(3)))
enum Integration {}
