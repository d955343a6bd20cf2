using System.Collections;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>Which parts are the same in all versions of a definition.</summary>
internal readonly record struct CommonParts(bool Schema, bool Subresources, bool Columns, bool SelectableFields)
{
    public static CommonParts Of(IReadOnlyList<V1CustomResourceDefinitionVersion> versions) => new(
        AreSame(versions, static v => v.Schema),
        AreSame(versions, static v => v.Subresources),
        AreSame(versions, static v => v.AdditionalPrinterColumns),
        AreSame(versions, static v => v.SelectableFields));

    private static bool AreSame(
        IReadOnlyList<V1CustomResourceDefinitionVersion> versions,
        Func<V1CustomResourceDefinitionVersion, object?> part)
    {
        var first = versions.Count == 0 ? "" : Text(part(versions[0]));
        return versions.Skip(1).All(v => Text(part(v)) == first);
    }

    /// <summary>Models as they are encoded, which takes them however deep they are.</summary>
    private static string Text(object? part) => part switch
    {
        null => "",
        IEnumerable list => GoText.Json(list),
        _ => Encoding.UTF8.GetString(ResourceCodec.Encode(part)),
    };
}
