using System.Collections.Frozen;
using k8s.Models;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Store;

/// <summary>
/// How large an object may be that is stored, its defaults and status included: upstream's store (etcd, as it comes)
/// takes a request of so many bytes, and its client sends a few more. There built-in kinds are stored in protobuf, all
/// others in JSON; what a request says beside the object is not counted here.
/// </summary>
internal static class ObjectSize
{
    /// <summary>etcd's <c>--max-request-bytes</c>.</summary>
    private const int MaxBytes = 3 * 512 * 1024;

    /// <summary>The most that etcd's client sends.</summary>
    private const int MaxSentBytes = 2 * 1024 * 1024;

    /// <summary>Built-in groups that upstream stores in JSON all the same.</summary>
    private static readonly FrozenSet<string> JsonGroups =
        new[] { WellKnown.CustomResourceDefinitions.Group, WellKnown.ApiServices.Group }
            .ToFrozenSet(StringComparer.Ordinal);

    private const string NotSent = "rpc error: code = ResourceExhausted desc = trying to send message larger than max ";

    private static readonly Status TooLarge = StatusErrors.Unknown("etcdserver: request is too large");

    /// <summary>What can be done about such an answer: who owns which fields is forgotten before a write is
    /// refused.</summary>
    /// <returns>True when there were owners, so that the write is to be tried again.</returns>
    public static bool ForgetOwners(Status refusal, V1ObjectMeta metadata)
    {
        var forgets = metadata.ManagedFields is not null
            && (ReferenceEquals(refusal, TooLarge)
                || refusal.Message?.StartsWith(NotSent, StringComparison.Ordinal) == true);
        metadata.ManagedFields = forgets ? null : metadata.ManagedFields;
        return forgets;
    }

    /// <summary>What upstream answers for an object that its store does not take; null for one that it does.</summary>
    /// <param name="resource">What is stored.</param>
    /// <param name="json">The object as it would be stored.</param>
    public static Status? Check(ResourceName resource, ReadOnlySpan<byte> json)
    {
        // No message is larger than its JSON.
        if (json.Length <= MaxBytes)
        {
            return null;
        }

        var message = JsonGroups.Contains(resource.Group) ? null : ProtobufForm.TryEncode(json);
        var size = message?.Length ?? json.Length;
        return size <= MaxBytes ? null
            : size <= MaxSentBytes ? TooLarge
            : StatusErrors.Unknown($"{NotSent}({size} vs. {MaxSentBytes})");
    }
}
