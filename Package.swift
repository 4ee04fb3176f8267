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
  targets: [
    .systemLibrary(
      name: "CProtobufC", path: "Sources/Wire/CProtobufC", pkgConfig: "libprotobuf-c",
      providers: [.apt(["libprotobuf-c-dev"])]),
    .target(name: "CWireMessages", dependencies: ["CProtobufC"], path: "Sources/Wire/CWireMessages", cSettings: [.headerSearchPath("include")]),
    .target(
      name: "Wire", dependencies: ["CWireMessages", "CProtobufC"], path: "Sources/Wire/Wire", swiftSettings: swiftSettings),
  ],
  cLanguageStandard: .c17
)
