namespace Flatcar.Reference.Init;

/// <summary>The boot cannot go on; the message names what failed. It ends in the emergency shell.</summary>
internal sealed class BootException(string message) : Exception(message);
