using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>What a request does to an object or to a subresource of it.</summary>
public enum WriteVerb
{
    Create,
    Update,
    Patch,
}

/// <summary>A write as it came in, over HTTP or in process; <see cref="WriteEngine"/> carries it out.</summary>
/// <param name="Context">Who does it to what.</param>
/// <param name="Verb">What is done.</param>
/// <param name="Body">The object, or the patch.</param>
/// <param name="Format">The body's format.</param>
/// <param name="Patch">The language of a patch.</param>
public sealed record WriteRequest(
    WriteContext Context,
    WriteVerb Verb,
    ReadOnlyMemory<byte> Body,
    BodyFormat Format = BodyFormat.Json,
    PatchKind Patch = default)
{
    /// <summary>
    /// Decodes the body; what is wrong with it is upstream's refusal. The audit log learns of what was sent here,
    /// whatever it is and in whatever form it came.
    /// </summary>
    public Outcome<IKubernetesObject<V1ObjectMeta>> Decode(ExpectedBody expected)
    {
        var item = BodyDecoder.Decode(
            expected, Body, Format, Context.Options.FieldValidation, Context.Warnings, Context.CancellationToken);
        if (item.Succeeded)
        {
            Context.Audit?.Sent(item.Value, expected);
        }

        return item;
    }

    /// <summary>Decodes a body once more whose findings have been noted.</summary>
    public Outcome<IKubernetesObject<V1ObjectMeta>> DecodeAgain(ExpectedBody expected) => BodyDecoder.Decode(
        expected, Body, Format, FieldValidation.Ignore, Context.Warnings, Context.CancellationToken);
}
