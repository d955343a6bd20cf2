using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>The object in a body must be the one that the URL names.</summary>
internal static class NameRule
{
    /// <summary>
    /// The text for a namespace that does not match is the one of creates, which upstream uses for PUT too.
    /// </summary>
    public static Status? CheckReplacement(WriteContext context, V1ObjectMeta metadata)
    {
        var space = context.Key.Namespace;
        return space.Length > 0
            && !string.IsNullOrEmpty(metadata.NamespaceProperty)
            && metadata.NamespaceProperty != space
            ? StatusErrors.BadRequest(
                "the namespace of the provided object does not match the namespace sent on the request")
            : Check(context, metadata);
    }

    public static Status? Check(WriteContext context, V1ObjectMeta metadata)
    {
        var wanted = context.Key.Name;
        if (string.IsNullOrEmpty(metadata.Name))
        {
            return StatusErrors.BadRequest(
                $"the name of the object ({wanted} based on URL) was undeterminable: name must be provided");
        }

        if (metadata.Name != wanted)
        {
            return StatusErrors.BadRequest(
                $"the name of the object ({metadata.Name}) does not match the name on the URL ({wanted})");
        }

        var space = context.Key.Namespace;
        return space.Length > 0
            && !string.IsNullOrEmpty(metadata.NamespaceProperty)
            && metadata.NamespaceProperty != space
            ? StatusErrors.BadRequest(
                $"the namespace of the object ({metadata.NamespaceProperty}) does not match the namespace on the request ({space})")
            : null;
    }
}
