/// Takes the fields of a table as they are read.
package protocol CSVConsumer {
  /// Takes a field without its quotes and the blanks around it.
  ///
  /// - Parameters:
  ///   - field: Its bytes, which are UTF-8 without a NUL. They are there only during the call.
  ///   - column: Its place in the record, from 0.
  ///   - line: The line that it begins in, from 1.
  mutating func take(_ field: UnsafeRawBufferPointer, column: Int, line: Int) throws

  /// Takes the number that a text begins with, if the field of this column is one. It is the field if it ends with it; if
  /// it does not, it comes again as a whole.
  ///
  /// - Returns: The number's bytes; 0 if there is none.
  mutating func takeNumber(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, column: Int) -> Int

  /// Ends a record, which began in that line.
  mutating func endRecord(fieldCount: Int, line: Int) throws
}

extension CSVConsumer {
  /// Takes no numbers but as fields.
  package mutating func takeNumber(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, column: Int) -> Int { 0 }
}

/// What is wrong with the text of a table, and where.
package struct CSVSyntaxError: Error, Equatable {
  /// What is wrong.
  package enum Fault: Sendable {
    case unclosedQuote, textBehindQuote, nul, notUTF8
  }

  package let fault: Fault
  /// The line in which the field begins, from 1.
  package let line: Int
  /// The field's place in its record, from 1.
  package let column: Int

  /// Creates an error.
  package init(fault: Fault, line: Int, column: Int) {
    self.fault = fault
    self.line = line
    self.column = column
  }
}
