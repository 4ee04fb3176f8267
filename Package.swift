// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("ImmutableWeakCaptures"),
  .enableExperimentalFeature("Lifetimes"),
]

let cSettings: [CSetting] = [
  .enableWarning("all"), .enableWarning("extra"), .treatAllWarnings(as: .error),
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let unixSignals = Target.Dependency.product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")

func module(
  _ name: String, in layer: String, _ dependencies: [Target.Dependency] = [],
  settings: [SwiftSetting] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Sources/\(layer)/\(name)",
    swiftSettings: swiftSettings + settings)
}

func cModule(_ name: String, in layer: String, linking libraries: [String] = []) -> Target {
  .target(
    name: name, path: "Sources/\(layer)/\(name)", cSettings: cSettings,
    linkerSettings: libraries.map { .linkedLibrary($0) })
}

func systemLibrary(
  _ name: String, in layer: String, pkgConfig: String, package: String
) -> Target {
  .systemLibrary(
    name: name, path: "Sources/\(layer)/\(name)", pkgConfig: pkgConfig,
    providers: [.apt([package])])
}

func tests(_ module: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: "\(module)Tests", dependencies: dependencies, path: "Tests/\(module)Tests",
    swiftSettings: swiftSettings)
}

// Needed by every layer, needing none.
let base: [Target] = [
  module("JSON", in: "Base"),
  cModule("CPlatform", in: "Base"),
]

// From a model directory to numbers. Never imports networking.
let compute: [Target] = [
  systemLibrary("CPCRE2", in: "Compute", pkgConfig: "libpcre2-8", package: "libpcre2-dev"),
  systemLibrary("CXXHash", in: "Compute", pkgConfig: "libxxhash", package: "libxxhash-dev"),
  cModule("CKernels", in: "Compute"),
  cModule("CUnicodeTables", in: "Compute"),
  module("Kernels", in: "Compute", ["CKernels"]),
  module(
    "ModelFiles", in: "Compute", ["JSON", "CXXHash"], settings: [.strictMemorySafety()]),
  module("Resolution", in: "Compute", ["JSON", "ModelFiles"]),
  module("Tokenization", in: "Compute", ["JSON", "CUnicodeTables", "CPCRE2"]),
  module("Models", in: "Compute", ["Kernels", "ModelFiles", "Resolution"]),
  module(
    "Inference", in: "Compute",
    ["Models", "Tokenization", "Resolution", "ModelFiles", "Kernels", "CPlatform", "JSON"]),
]

// From bytes to calls. Never imports compute.
let wire: [Target] = [
  systemLibrary(
    "CProtobufC", in: "Wire", pkgConfig: "libprotobuf-c", package: "libprotobuf-c-dev"),
  .target(
    name: "CWireMessages", dependencies: ["CProtobufC"], path: "Sources/Wire/CWireMessages",
    cSettings: [.headerSearchPath("include")]),
  module("Wire", in: "Wire", ["CWireMessages", "CProtobufC"]),
  module("Transport", in: "Wire", ["Wire", nioCore, nioPosix, logging, deque]),
  module("MillpondClient", in: "Wire", ["Transport", "Wire", nioCore, nioPosix]),
]

// Calls answered by an engine, or by other workers.
let service: [Target] = [
  module("Status", in: "Service", ["CPlatform", nioCore, nioPosix, nioHTTP1, logging]),
  module(
    "WorkerService", in: "Service",
    [
      "Inference", "Kernels", "Status", "Transport", "Wire", "CPlatform", nioCore, nioPosix,
      logging, unixSignals,
    ]),
  module(
    "Coordination", in: "Service",
    [
      "Discovery", "Status", "Transport", "Wire", "CPlatform", nioCore, nioPosix, logging,
      subprocess, systemPackage, unixSignals, deque, heap,
    ]),
  // c-ares: libc-ares-dev on Debian.
  cModule("CResolver", in: "Service", linking: ["cares"]),
  module("Discovery", in: "Service", ["CResolver", nioCore, nioPosix, logging]),
  module(
    "Benchmarks", in: "Service",
    ["Inference", "Kernels", "MillpondClient", "JSON", "CPlatform", logging]),
  module("Logs", in: "Service", ["JSON", logging]),
  module(
    "ServiceSupport", in: "Service",
    ["Logs", "Discovery", "JSON", "MillpondClient", "CPlatform", logging]),
]

let commands: [Target] = [
  module("CommandSupport", in: "Commands", ["JSON", "MillpondClient", heap]),
  .executableTarget(
    name: "millpond",
    dependencies: [
      "CommandSupport", "Logs", "ServiceSupport", "Coordination", "Discovery", "MillpondClient",
      "Wire",
      argumentParser, logging, subprocess, systemPackage,
    ], path: "Sources/Commands/millpond", swiftSettings: swiftSettings),
  .executableTarget(
    name: "millpond-worker",
    dependencies: [
      "WorkerService", "Benchmarks", "Inference", "Kernels", "Resolution", "Logs",
      argumentParser, logging,
    ],
    path: "Sources/Commands/millpond-worker", swiftSettings: swiftSettings),
]

let testTargets: [Target] = [
  .target(
    name: "TestSupport", dependencies: ["JSON", "MillpondClient", "Transport", "Wire", nioCore],
    path: "Tests/TestSupport", swiftSettings: swiftSettings),
  tests("Integration", ["TestSupport", "JSON", "MillpondClient", "Transport", "Wire"]),
  tests("JSON", ["JSON"]),
  tests("CPlatform", ["CPlatform"]),
  tests("CKernels", ["CKernels"]),
  tests("Kernels", ["Kernels", "CKernels"]),
  tests("ModelFiles", ["JSON", "ModelFiles"]),
  tests("Resolution", ["JSON", "ModelFiles", "Resolution"]),
  .testTarget(
    name: "ModelsTests", dependencies: ["Models", "Kernels", "ModelFiles", "Resolution"],
    path: "Tests/ModelsTests", exclude: ["Fixtures"], swiftSettings: swiftSettings),
  tests("Tokenization", ["JSON", "Tokenization"]),
  tests("Inference", ["Inference", "JSON", "Kernels"]),
  // The coordinator's scheduling against simulated workers, and its figures.
  .target(
    name: "Simulation", dependencies: ["Coordination", "Wire", deque, heap],
    path: "Tests/Simulation", swiftSettings: swiftSettings),
  .executableTarget(
    name: "simulate", dependencies: ["Simulation", "Coordination", "Wire", "JSON", deque],
    path: "Tests/Simulate", exclude: ["break_rules", "write_page"], swiftSettings: swiftSettings),
  tests("Coordination", ["Coordination", "Simulation", "Wire"]),
  tests("Discovery", ["Discovery", "TestSupport", nioCore, nioPosix, logging]),
  tests(
    "Status",
    [
      "Status", "TestSupport", "CPlatform", nioCore, logging,
      .product(name: "NIOEmbedded", package: "swift-nio"),
    ]),
  tests(
    "WorkerService",
    [
      "WorkerService", "Inference", "Kernels", "Status", "TestSupport", "Transport", "Wire",
      nioCore, nioPosix, logging,
    ]),
  tests("Benchmarks", ["Benchmarks", "JSON", "CPlatform"]),
  tests("Wire", ["Wire", "JSON"]),
  tests(
    "Transport",
    [
      "Transport", "Wire", "JSON", nioCore, nioPosix, logging,
      .product(name: "NIOEmbedded", package: "swift-nio"),
      .product(name: "NIOTestUtils", package: "swift-nio"),
    ]),
  tests(
    "MillpondClient", ["MillpondClient", "Transport", "Wire", nioCore, nioPosix, logging]),
  tests(
    "Command",
    [
      "millpond", "CommandSupport", "Discovery", "Logs", "ServiceSupport", "MillpondClient",
      "Transport",
      "Wire", "JSON", nioCore, nioPosix, argumentParser, logging,
    ]),
]

let package = Package(
  name: "millpond",
  products: [
    .library(name: "MillpondClient", targets: ["MillpondClient"]),
    .executable(name: "millpond", targets: ["millpond"]),
    .executable(name: "millpond-worker", targets: ["millpond-worker"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    // Without its default trait, which would bring Foundation.
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: base + compute + wire + service + commands + testTargets,
  cLanguageStandard: .c17
)
