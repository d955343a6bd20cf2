using System.Buffers;
using System.Text.Json;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.CustomResources;

/// <summary>
/// Asks a webhook to convert objects of one version to another; what goes wrong is a StatusException.
/// </summary>
/// <param name="remote">Calls.</param>
/// <param name="own">This server, where it is asked itself; null where nothing is known of it.</param>
/// <param name="target">Whom; null when the definition does not say.</param>
/// <param name="reviewVersion">In which version of ConversionReview; null when it takes none that is known.</param>
internal sealed class ConversionAsker(
    RemoteCaller remote, OwnServer? own, RemoteTarget? target, string? reviewVersion)
{
    private const string Group = "apiextensions.k8s.io";

    /// <summary>A batch may have 4 MB, and grow.</summary>
    private const int MaxAnswerBytes = 16 * 1024 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>The converted objects, in their order.</summary>
    /// <param name="to">The version that is wanted.</param>
    /// <param name="objects">The objects, as JSON.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<IReadOnlyList<CustomObject>> AskAsync(
        string to, IReadOnlyList<ReadOnlyMemory<byte>> objects, CancellationToken cancellationToken)
    {
        var originals = objects.Select(static o => ResourceCodec.Decode<CustomObject>(o)).ToList();
        var kind = $"{originals[0].ApiVersion}, Kind={originals[0].Kind}";
        if (target is null || reviewVersion is null)
        {
            throw Failed($"conversion webhook for {kind} failed: it has no client configuration that is known");
        }

        var uid = Chance.NewId().ToString("D");
        var answer = await remote.AskAsync(
            target, Question(uid, to, objects), Timeout, MaxAnswerBytes, cancellationToken,
            prepare: own is null ? null : own.AskAsync);
        if (!answer.Succeeded)
        {
            throw Failed($"conversion webhook for {kind} failed: {answer.Error.Message}");
        }

        var read = ConversionAnswer.Read(answer.Value.Span, $"{Group}/{reviewVersion}", uid);
        if (!read.Succeeded)
        {
            throw Failed($"conversion webhook for {kind} failed: {read.Error.Message}");
        }

        if (read.Value.Count != originals.Count)
        {
            throw Failed(FormattableString.Invariant(
                $"conversion webhook for {kind} returned {read.Value.Count} objects, expected {originals.Count}"));
        }

        var result = new List<CustomObject>(originals.Count);
        foreach (var (i, (original, converted)) in originals.Zip(read.Value).Index())
        {
            var item = ConvertedObject.Read(original, converted, to);
            result.Add(item.Succeeded
                ? item.Value
                : throw Failed(
                    $"conversion webhook for {kind} returned invalid {item.Error.Reason} at index "
                    + FormattableString.Invariant($"{i}: {item.Error.Message}")));
        }

        return result;
    }

    private static StatusException Failed(string why) =>
        new(new Status { Code = 500, Reason = StatusReasons.Unknown, Message = why });

    private ReadOnlyMemory<byte> Question(string uid, string to, IReadOnlyList<ReadOnlyMemory<byte>> objects)
    {
        var output = new ArrayBufferWriter<byte>(256 + objects.Sum(static o => o.Length + 1));
        using var writer = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartObject();
        writer.WriteString("kind"u8, "ConversionReview"u8);
        writer.WriteString("apiVersion"u8, $"{Group}/{reviewVersion}");
        writer.WriteStartObject("request"u8);
        writer.WriteString("uid"u8, uid);
        writer.WriteString("desiredAPIVersion"u8, to);
        writer.WriteStartArray("objects"u8);
        foreach (var item in objects)
        {
            writer.WriteRawValue(item.Span, skipInputValidation: true);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return output.WrittenMemory;
    }
}
