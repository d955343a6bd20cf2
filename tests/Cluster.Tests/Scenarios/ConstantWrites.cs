using System.Globalization;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>Creates one ConfigMap after the other until told to stop, and remembers those that the API said it
/// has.</summary>
public sealed class ConstantWrites : IAsyncDisposable
{
    private const int Some = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _acknowledged = [];
    private readonly Task _running;
    private TaskCompletionSource? _someMore;
    private int _until;

    public ConstantWrites(string kubeconfig, string space) => _running = Task.Run(() => WriteAsync(kubeconfig, space));

    /// <summary>Returns when some more writes have been acknowledged.</summary>
    public Task SomeAcknowledgedAsync()
    {
        lock (_acknowledged)
        {
            _until = _acknowledged.Count + Some;
            _someMore = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _someMore.Task.WaitAsync(Patience);
        }
    }

    /// <summary>Ends the writing: the names of what was acknowledged.</summary>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        return _acknowledged;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task WriteAsync(string kubeconfig, string space)
    {
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));
        for (var number = 0; !_stop.IsCancellationRequested; number++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"written-{number}");
            try
            {
                await client.CoreV1.CreateNamespacedConfigMapAsync(
                    new V1ConfigMap { Metadata = new V1ObjectMeta { Name = name } }, space);
                Note(name);
            }
            catch (Exception refused) when (refused is HttpOperationException or HttpRequestException)
            {
                // Not acknowledged; while the store is away that is the right answer.
            }
        }
    }

    private void Note(string name)
    {
        lock (_acknowledged)
        {
            _acknowledged.Add(name);
            if (_acknowledged.Count >= _until)
            {
                _someMore?.TrySetResult();
            }
        }
    }
}
