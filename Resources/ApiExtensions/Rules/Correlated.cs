using System.Text.Json;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.ApiExtensions.Rules;

/// <summary>A value beside what it was before an update.</summary>
internal sealed class Correlated(JsonElement value, JsonElement old, JsonSchema schema)
{
    private bool? _isSame;

    /// <summary>The update has left it alone; looked at once, when a rule is not kept.</summary>
    public bool IsSame => _isSame ??= SameValues.AreSame(JsonTree.Copy(value), JsonTree.Copy(old), schema);
}
