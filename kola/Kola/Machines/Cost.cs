namespace Kola.Machines;

/// <summary>What something cost the host.</summary>
/// <param name="Processor">CPU time spent on the machine; zero where the platform does not know.</param>
/// <param name="Wall">Time on the clock.</param>
internal readonly record struct Cost(TimeSpan Processor, TimeSpan Wall)
{
    public static Cost operator -(Cost later, Cost earlier) => new(later.Processor - earlier.Processor, later.Wall - earlier.Wall);
}
