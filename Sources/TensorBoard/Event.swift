/// One event of TensorBoard's files: what is known after a step, as the message `tensorboard.Event`.
///
/// Fields have the numbers of `tensorboard/compat/proto/{event,summary,graph,tensor}.proto`.
package struct Event: Sendable {
  /// Completed steps, TensorBoard's horizontal axis.
  package let step: Int
  private var message = ProtobufMessage()

  /// The message's bytes.
  package var bytes: [UInt8] { message.bytes }

  /// The event as a record of a file.
  package var record: [UInt8] { RecordFile.record(bytes) }

  private init(step: Int, time: Double, _ write: (inout ProtobufMessage) -> Void) {
    self.step = step
    message.add(1, double: time)
    message.add(2, integer: step)
    write(&message)
  }

  /// The step of an event that was read; `nil` if the bytes are no event.
  package static func step(of bytes: ArraySlice<UInt8>) -> Int? { ProtobufMessage.integer(2, in: bytes) }

  /// The first event of each file.
  ///
  /// - Parameter time: Seconds since 1970, here and below.
  package static func version(time: Double) -> Event {
    Event(step: 0, time: time) { $0.add(3, text: "brain.Event:2") }
  }

  /// Says that what was written of this step and later ones is taken back: a TensorBoard that watches forgets it.
  package static func restart(step: Int, time: Double) -> Event {
    // SessionLog with the status START.
    Event(step: step, time: time) { $0.add(7) { $0.add(1, integer: 1) } }
  }

  /// The graph of a model.
  package static func graph(_ nodes: [GraphNode], time: Double) -> Event {
    Event(step: 0, time: time) { $0.add(4, bytes: GraphNode.definition(nodes), evenIfEmpty: true) }
  }

  /// Values by their tags.
  package static func summary(_ values: [SummaryValue], step: Int, time: Double) -> Event {
    Event(step: step, time: time) { event in
      event.add(5) { summary in
        for value in values { summary.add(1, bytes: value.bytes, evenIfEmpty: true) }
      }
    }
  }
}

/// A value of a summary with its tag.
package struct SummaryValue: Sendable {
  let bytes: [UInt8]

  /// - Parameter write: Adds the fields behind the tag, in the order of their numbers.
  init(_ tag: String, _ write: (inout ProtobufMessage) -> Void) {
    var message = ProtobufMessage()
    message.add(1, text: tag)
    write(&message)
    bytes = message.bytes
  }

  /// A number, which TensorBoard keeps in single precision.
  package static func scalar(_ tag: String, _ value: Double) -> SummaryValue {
    SummaryValue(tag) { $0.add(2, float: Float(value), evenIfZero: true) }
  }

  /// How numbers are spread.
  package static func histogram(_ tag: String, _ histogram: Histogram) -> SummaryValue {
    SummaryValue(tag) { value in
      value.add(5) { message in
        message.add(1, double: histogram.smallest)
        message.add(2, double: histogram.largest)
        message.add(3, double: Double(histogram.count))
        message.add(4, double: histogram.sum)
        message.add(5, double: histogram.sumOfSquares)
        message.add(6, packed: histogram.limits)
        message.add(7, packed: histogram.counts)
      }
    }
  }

  /// A picture.
  ///
  /// - Parameter description: What TensorBoard says of it, in Markdown.
  package static func image(_ tag: String, _ image: Picture, description: String) -> SummaryValue {
    self.image(tag, png: image.png, width: image.width, height: image.height, description: description)
  }

  /// A picture of red, green and blue as a PNG file.
  package static func image(_ tag: String, png: [UInt8], width: Int, height: Int, description: String) -> SummaryValue {
    SummaryValue(tag) { value in
      value.add(4) { message in
        message.add(1, integer: height)
        message.add(2, integer: width)
        // Red, green and blue.
        message.add(3, integer: 3)
        message.add(4, bytes: png)
      }
      value.add(9) { $0.add(3, text: description) }
    }
  }

  /// What a plug-in of TensorBoard reads in its own format.
  static func plugin(
    _ tag: String, name: String, content: [UInt8] = [], tensor: (inout ProtobufMessage) -> Void
  ) -> SummaryValue {
    SummaryValue(tag) { value in
      value.add(8, tensor)
      value.add(9) { metadata in
        metadata.add(1) { plugin in
          plugin.add(1, text: name)
          plugin.add(2, bytes: content)
        }
      }
    }
  }
}
