using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Auth.Webhooks;

/// <summary>
/// A server that reviews: a question of a kind goes there, and comes back with a status. What may be a passing trouble
/// is asked again, five times in all (upstream's <c>util/webhook</c>).
/// </summary>
/// <param name="target">Whom to ask.</param>
/// <param name="kind">What the question is.</param>
/// <param name="apiVersion">Of which version.</param>
/// <param name="timeout">How long one answer may take.</param>
/// <param name="remote">Calls.</param>
/// <param name="time">The clock.</param>
internal sealed class ReviewWebhook(
    RemoteTarget target, string kind, string apiVersion, TimeSpan timeout, RemoteCaller remote, TimeProvider time)
{
    private const int Attempts = 5;
    private const int MaxAnswerBytes = 1024 * 1024;
    private const double Factor = 1.5;
    private const double Jitter = 0.2;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>The status of the answer.</summary>
    /// <param name="writeSpec">Writes the value of <c>spec</c>.</param>
    /// <param name="cancellationToken">Ends the wait; then it throws.</param>
    public async ValueTask<Outcome<JsonObject>> AskAsync(
        Action<Utf8JsonWriter> writeSpec, CancellationToken cancellationToken)
    {
        var question = Write(writeSpec);
        var delay = FirstDelay;
        for (var attempt = 1; ; attempt++)
        {
            var answer = await remote.AskAsync(target, question, timeout, MaxAnswerBytes, cancellationToken);
            if (answer.Succeeded)
            {
                return Read(answer.Value.Span);
            }

            if (attempt == Attempts || !MayPass(answer.Error))
            {
                return answer.Error;
            }

            await Task.Delay(delay * (1 + (Chance.Source.NextDouble() * Jitter)), time, cancellationToken);
            delay *= Factor;
        }
    }

    private byte[] Write(Action<Utf8JsonWriter> writeSpec)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("kind"u8, kind);
            writer.WriteString("apiVersion"u8, apiVersion);
            writer.WritePropertyName("spec"u8);
            writeSpec(writer);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private Outcome<JsonObject> Read(ReadOnlySpan<byte> body)
    {
        try
        {
            if (JsonTree.Parse(body) is not JsonObject answer)
            {
                return StatusErrors.InternalError("webhook response is no object");
            }

            var (version, found) = (JsonTree.Text(answer["apiVersion"]), JsonTree.Text(answer["kind"]));
            return version == apiVersion && found == kind
                ? answer["status"] as JsonObject ?? []
                : StatusErrors.InternalError(
                    $"expected webhook response of {apiVersion}, Kind={kind}, got {version}, Kind={found}");
        }
        catch (JsonException bad)
        {
            return StatusErrors.InternalError(GoJson.FindError(body) ?? bad.Message);
        }
    }

    private static bool MayPass(Status failure) =>
        failure.Code is 429 or 500 or 504
        || failure.Message.EndsWith("connection reset by peer", StringComparison.Ordinal);
}
