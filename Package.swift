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

let package = Package(
  name: "millpond",
  products: [
    .library(name: "MillpondClient", targets: ["MillpondClient"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(
      url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: [
    .systemLibrary(
      name: "CProtobufC", path: "Sources/Wire/CProtobufC", pkgConfig: "libprotobuf-c",
      providers: [.apt(["libprotobuf-c-dev"])]),
    .target(name: "CWireMessages", dependencies: ["CProtobufC"], path: "Sources/Wire/CWireMessages", cSettings: [.headerSearchPath("include")]),
    .target(
      name: "Wire", dependencies: ["CWireMessages", "CProtobufC"], path: "Sources/Wire/Wire", swiftSettings: swiftSettings),
    .target(
      name: "Transport",
      dependencies: [
        "Wire",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "DequeModule", package: "swift-collections"),
      ], path: "Sources/Wire/Transport", swiftSettings: swiftSettings),
    .target(
      name: "MillpondClient",
      dependencies: [
        "Transport", "Wire",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], path: "Sources/Wire/MillpondClient", swiftSettings: swiftSettings),
    .target(name: "JSON", path: "Sources/Base/JSON", swiftSettings: swiftSettings),
    .systemLibrary(
      name: "COpenBLAS", path: "Sources/Compute/COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(
      name: "CXXHash", path: "Sources/Compute/CXXHash", pkgConfig: "libxxhash",
      providers: [.apt(["libxxhash-dev"])]),
    .target(name: "CKernels", path: "Sources/Compute/CKernels", cSettings: cSettings),
    .target(
      name: "CUnicodeTables", path: "Sources/Compute/CUnicodeTables", cSettings: cSettings),
    .target(
      name: "Kernels", dependencies: ["CKernels", "COpenBLAS", "CPlatform"],
      path: "Sources/Compute/Kernels", swiftSettings: swiftSettings),
    .target(
      name: "ModelFiles", dependencies: ["JSON", "CXXHash"],
      path: "Sources/Compute/ModelFiles",
      swiftSettings: swiftSettings + [.strictMemorySafety()]),
    .target(
      name: "Resolution", dependencies: ["ModelFiles", "JSON"],
      path: "Sources/Compute/Resolution", swiftSettings: swiftSettings),
    .target(
      name: "Tokenization", dependencies: ["JSON", "CUnicodeTables"],
      path: "Sources/Compute/Tokenization", swiftSettings: swiftSettings),
    .target(
      name: "Models", dependencies: ["Kernels", "ModelFiles", "Resolution"],
      path: "Sources/Compute/Models", swiftSettings: swiftSettings),
    .target(
      name: "Inference",
      dependencies: [
        "Models", "Tokenization", "Resolution", "ModelFiles", "Kernels", "CPlatform", "JSON",
      ], path: "Sources/Compute/Inference", swiftSettings: swiftSettings),
    .target(
      name: "WorkerService",
      dependencies: [
        "Inference", "Kernels", "Transport", "Wire", "CPlatform",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ], path: "Sources/Service/WorkerService", swiftSettings: swiftSettings),
    .executableTarget(
      name: "millpond-worker",
      dependencies: [
        "WorkerService", "Inference", "Resolution", "JSON",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ], path: "Sources/Commands/millpond-worker", swiftSettings: swiftSettings),
    .target(name: "CPlatform", path: "Sources/Base/CPlatform", cSettings: cSettings),
    .target(
      name: "Coordination",
      dependencies: [
        "Transport", "Wire", "CPlatform",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ], path: "Sources/Service/Coordination", swiftSettings: swiftSettings),
    .testTarget(name: "JSONTests", dependencies: ["JSON"], swiftSettings: swiftSettings),
    .testTarget(
      name: "ModelFilesTests", dependencies: ["JSON", "ModelFiles"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ResolutionTests", dependencies: ["JSON", "ModelFiles", "Resolution"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "CoordinationTests", dependencies: ["Coordination", "Wire"],
      swiftSettings: swiftSettings),
  ],
  cLanguageStandard: .c17
)
