using OrleansOrchestrator.Interfaces.Core.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>Asks a node's agent for directories, on its HTTPS port.</summary>
public sealed class NodeVolumes(NodeConnections nodes, TimeProvider time) : INodeVolumes
{
    /// <summary>Removing much takes long; who asks tries again, and the node goes on meanwhile.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const int MaxAnswerChars = 4096;

    /// <inheritdoc/>
    public ValueTask<Outcome<string>> MakeAsync(string node, string volume, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, node, volume, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Outcome<string>> RemoveAsync(string node, string volume, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, node, volume, cancellationToken);

    private async ValueTask<Outcome<string>> SendAsync(
        HttpMethod method, string node, string volume, CancellationToken cancellationToken)
    {
        var address = await nodes.AddressAsync(node, cancellationToken);
        if (!address.Succeeded)
        {
            return address.Error;
        }

        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            var invoker = await nodes.InvokerAsync(node, either.Token);
            using var request = new HttpRequestMessage(
                method, new Uri(address.Value, $"/localVolumes/{Uri.EscapeDataString(volume)}"));
            using var response = await invoker.SendAsync(request, either.Token);
            await response.Content.LoadIntoBufferAsync(MaxAnswerChars, either.Token);
            var text = await response.Content.ReadAsStringAsync(either.Token);
            return response.IsSuccessStatusCode ? text : StatusErrors.InternalError($"node {node}: {text}");
        }
        catch (HttpRequestException failure)
        {
            return StatusErrors.InternalError($"node {node} cannot be asked: {failure.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return StatusErrors.InternalError($"node {node} did not answer in time");
        }
    }
}
