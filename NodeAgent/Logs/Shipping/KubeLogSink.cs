using System.Net;
using System.Net.Http.Headers;
using k8s;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Shipping;

namespace OrleansOrchestrator.NodeAgent.Logs.Shipping;

/// <summary>Sends logs to the API, as the node.</summary>
public sealed class KubeLogSink(IKubernetes client, NodeAgentOptions options) : ILogSink
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly MediaTypeHeaderValue Batch = new(LogBatch.ContentType);

    public async Task<IReadOnlyList<LogStreamAnswer>> OpenAsync(
        IReadOnlyCollection<StreamName> streams, CancellationToken cancellationToken)
    {
        using var response = await PostAsync("streams", LogStreamList.Write(streams), Json, cancellationToken);
        response.EnsureSuccessStatusCode();
        var answers = LogStreamList.ReadAnswers(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        return answers?.Count == streams.Count
            ? answers
            : throw new HttpRequestException("the API does not say how far it has the logs of this node");
    }

    public async Task<SendResult> SendAsync(byte[] batch, CancellationToken cancellationToken)
    {
        using var response = await PostAsync("segments", batch, Batch, cancellationToken);
        switch (response.StatusCode)
        {
            case HttpStatusCode.Conflict:
                return SendResult.Moved;
            case HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge:
                return SendResult.Refused;
            default:
                response.EnsureSuccessStatusCode();
                return SendResult.Kept;
        }
    }

    private Task<HttpResponseMessage> PostAsync(
        string what, byte[] body, MediaTypeHeaderValue type, CancellationToken cancellationToken)
    {
        var path = $"apis/logs.orc.dev/v1/nodes/{Uri.EscapeDataString(options.NodeName)}/{what}";
        var content = new ByteArrayContent(body) { Headers = { ContentType = type } };
        return ((Kubernetes)client).HttpClient.PostAsync(new Uri(client.BaseUri, path), content, cancellationToken);
    }
}
