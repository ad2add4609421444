/// The text of a config that has been read, with the place of every value.
typealias ConfigText = JSONDocument
