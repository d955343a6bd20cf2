using Grpc.Core;
using Grpc.Net.Client;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Dra.HealthV1Alpha1;
using OrleansOrchestrator.NodeAgent.Dra.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Dra;

/// <summary>What a pod claims cannot be had, or not be taken back; the text is upstream's.</summary>
public sealed class DraException(string message) : Exception(message);

/// <summary>
/// One plugin of a driver at its socket. A call may take 45 s, as upstream gives it; what fails is a
/// <see cref="DraException"/>.
/// </summary>
public sealed class DraPlugin : IDisposable
{
    /// <summary>The service of the plugin's API, and that of the API before: newest first.</summary>
    public static readonly IReadOnlyList<string> Services = ["v1.DRAPlugin", "v1beta1.DRAPlugin"];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    /// <summary>After how long a plugin that could not be reached, or has ended its news, is asked again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly KubeletMeters _meters;
    private readonly TimeProvider _time;
    private readonly ConnectionWatch _connection = new();
    private readonly CancellationTokenSource _end = new();
    private readonly GrpcChannel _channel;
    private readonly string _service;
    private readonly Func<NodePrepareResourcesRequest, CallOptions, AsyncUnaryCall<NodePrepareResourcesResponse>>
        _prepare;
    private readonly Func<NodeUnprepareResourcesRequest, CallOptions, AsyncUnaryCall<NodeUnprepareResourcesResponse>>
        _unprepare;
    private readonly DRAResourceHealth.DRAResourceHealthClient _health;

    /// <param name="driver">Whose plugin it is.</param>
    /// <param name="endpoint">Its socket.</param>
    /// <param name="service">One of <see cref="Services"/>.</param>
    /// <param name="meters">Calls are measured there.</param>
    /// <param name="time">The clock.</param>
    public DraPlugin(string driver, string endpoint, string service, KubeletMeters meters, TimeProvider time)
    {
        (Driver, Endpoint, _meters, _time) = (driver, endpoint, meters, time);
        _channel = UnixChannels.Open(endpoint, watch: _connection);
        _service = $"/k8s.io.kubelet.pkg.apis.dra.{service}/";
        _health = new DRAResourceHealth.DRAResourceHealthClient(_channel);
        if (service == Services[0])
        {
            var client = new DRAPlugin.DRAPluginClient(_channel);
            _prepare = client.NodePrepareResourcesAsync;
            _unprepare = client.NodeUnprepareResourcesAsync;
        }
        else
        {
            var client = new V1Beta1.DRAPlugin.DRAPluginClient(_channel);
            _prepare = client.NodePrepareResourcesAsync;
            _unprepare = client.NodeUnprepareResourcesAsync;
        }
    }

    public string Driver { get; }

    public string Endpoint { get; }

    public bool IsConnected => _connection.IsOpen;

    /// <summary>Raised when it can be reached, or can be reached no more.</summary>
    public event Action? ConnectionChanged
    {
        add => _connection.Changed += value;
        remove => _connection.Changed -= value;
    }

    public Task<NodePrepareResourcesResponse> PrepareAsync(
        IEnumerable<Claim> claims, CancellationToken cancellationToken) => CallAsync(
        "NodePrepareResources", _prepare, new NodePrepareResourcesRequest { Claims = { claims } }, cancellationToken);

    public Task<NodeUnprepareResourcesResponse> UnprepareAsync(
        IEnumerable<Claim> claims, CancellationToken cancellationToken) => CallAsync(
        "NodeUnprepareResources", _unprepare, new NodeUnprepareResourcesRequest { Claims = { claims } },
        cancellationToken);

    /// <summary>
    /// Stays connected and tells whether its devices work, until it is disposed of; of a plugin that does not tell,
    /// only the connection is of interest.
    /// </summary>
    /// <param name="tell">Is given all devices each time.</param>
    /// <param name="forget">Says that what was told holds no more.</param>
    public async Task FollowAsync(Action<IReadOnlyList<DeviceHealth>> tell, Action forget)
    {
        while (!_end.IsCancellationRequested)
        {
            var knowsHealth = await WatchAsync(tell);
            forget();
            var next = knowsHealth || !_connection.IsOpen
                ? Task.Delay(Pause, _time, _end.Token)
                : _connection.WhenClosed.WaitAsync(_end.Token);
            await next.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose()
    {
        _end.Cancel();
        _channel.Dispose();
    }

    /// <summary>False when the plugin has no such service.</summary>
    private async Task<bool> WatchAsync(Action<IReadOnlyList<DeviceHealth>> tell)
    {
        try
        {
            using var call = _health.NodeWatchResources(
                new NodeWatchResourcesRequest(), cancellationToken: _end.Token);
            await foreach (var answer in call.ResponseStream.ReadAllAsync(_end.Token))
            {
                tell(answer.Devices);
            }
        }
        catch (RpcException refusal)
        {
            return refusal.StatusCode != StatusCode.Unimplemented;
        }
        catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException)
        {
            // It is disposed of.
        }

        return true;
    }

    private async Task<TAnswer> CallAsync<TRequest, TAnswer>(
        string method, Func<TRequest, CallOptions, AsyncUnaryCall<TAnswer>> call, TRequest request,
        CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var status = new Status(StatusCode.OK, "");
        try
        {
            return await UnixChannels.CallAsync(options => call(request, options), Patience, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            status = new Status(StatusCode.Cancelled, "");
            throw;
        }
        catch (Exception failure) when (failure is RpcException or ObjectDisposedException)
        {
            status = failure is RpcException refusal && !_end.IsCancellationRequested
                ? refusal.Status
                : new Status(StatusCode.Unavailable, "the driver has gone");
            throw new DraException($"{method}: {CriErrors.Text(new RpcException(status))}");
        }
        finally
        {
            _meters.DraCalls.Record(
                _time.GetElapsedTime(started), Driver, CriErrors.CodeOf(status.StatusCode), _service + method);
        }
    }
}
