import Foundations

// What the plug-ins of hyperparameters and of custom scalars read: messages of their own within a summary.
extension SummaryValue {
  /// That a run with these settings begins: the page HParams has a row for it, with a column for each setting.
  ///
  /// - Parameters:
  ///   - settings: Numbers, texts and booleans by name, each name once.
  ///   - time: Seconds since 1970.
  package static func sessionStart(_ settings: [(name: String, value: JSONValue)], time: Double) -> SummaryValue {
    hyperparameters("_hparams_/session_start_info") { data in
      data.add(3) { start in
        for (name, value) in settings.sorted(by: { $0.name < $1.name }) {
          start.add(1) { entry in
            entry.add(1, text: name)
            entry.add(2) { $0.add(value) }
          }
        }
        start.add(5, double: time)
      }
    }
  }

  /// That the run has ended.
  package static func sessionEnd(time: Double) -> SummaryValue {
    hyperparameters("_hparams_/session_end_info") { data in
      data.add(4) { end in
        // The status SUCCESS.
        end.add(1, integer: 1)
        end.add(2, double: time)
      }
    }
  }

  private static func hyperparameters(_ tag: String, _ write: (inout ProtobufMessage) -> Void) -> SummaryValue {
    var content = ProtobufMessage()
    write(&content)
    // An empty tensor of floats: the plug-in reads nothing but the content.
    return plugin(tag, name: "hparams", content: content.bytes) { tensor in
      tensor.add(1, integer: 1)
      tensor.add(2) { $0.add(2) { _ in } }
    }
  }

  /// That these tags are drawn in one picture each: the page Custom Scalars has a chart for each title.
  package static func charts(_ title: String, _ charts: [(title: String, tags: [String])]) -> SummaryValue {
    var layout = ProtobufMessage()
    layout.add(2) { category in
      category.add(1, text: title)
      for chart in charts {
        category.add(2) { message in
          message.add(1, text: chart.title)
          // A tag is a regular expression there.
          message.add(2) { lines in for tag in chart.tags { lines.add(1, text: "^\(Self.escaped(tag))$") } }
        }
      }
    }
    return plugin("custom_scalars__config__", name: "custom_scalars") { tensor in
      // A text without extents.
      tensor.add(1, integer: 7)
      tensor.add(2) { _ in }
      tensor.add(8, bytes: layout.bytes, evenIfEmpty: true)
    }
  }

  private static func escaped(_ tag: String) -> String {
    tag.reduce(into: "") { text, character in
      if "\\^$.|?*+()[]{}".contains(character) { text.append("\\") }
      text.append(character)
    }
  }
}

extension ProtobufMessage {
  /// Adds a value of `google.protobuf.Value`.
  fileprivate mutating func add(_ value: JSONValue) {
    switch value {
    case .boolean(let value): add(4, integer: value ? 1 : 0, evenIfZero: true)
    case .string(let text): add(3, text: text, evenIfEmpty: true)
    default:
      if let number = value.double {
        add(2, double: number, evenIfZero: true)
      } else {
        add(3, text: value.compactText, evenIfEmpty: true)
      }
    }
  }
}
