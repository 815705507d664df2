using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kola.Reporting;

/// <summary>An event as it is told and recorded: without secrets, whichever of its members they are in.</summary>
public static class MaskedEvent
{
    /// <summary>The event without secrets; the same object when there is none in it.</summary>
    public static RunEvent Of(RunEvent happened, Masking masking)
    {
        // By way of its JSON, so that no member of no event is forgotten.
        JsonNode node = JsonSerializer.SerializeToNode(happened, EventFormat.Line)!;
        return MaskedJson.Mask(node, masking) ? node.Deserialize<RunEvent>(EventFormat.Line)! : happened;
    }
}
