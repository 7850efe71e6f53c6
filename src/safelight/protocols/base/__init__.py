"""The vocabulary that every protocol shares with the driver that does its IO."""
