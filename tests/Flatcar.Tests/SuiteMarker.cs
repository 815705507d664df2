namespace Flatcar.Tests;

/// <summary>Names this assembly to those who load it.</summary>
public static class SuiteMarker
{
}
