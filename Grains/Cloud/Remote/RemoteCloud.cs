using Microsoft.Extensions.Logging;
using V1 = OrleansOrchestrator.Grains.Cloud.Remote.V1;

namespace OrleansOrchestrator.Grains.Cloud.Remote;

/// <summary>
/// A cloud whose provider is a program of others, which speaks <c>cloud.proto</c>. What it has it is asked once; until
/// it answers, the controllers for it wait.
/// </summary>
internal sealed partial class RemoteCloud(RemoteCloudOptions options, TimeProvider time, ILogger<RemoteCloud> logger)
    : ICloudProvider, IDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(1);

    private readonly CloudChannel _channel = new(options, time);
    private volatile V1.GetCloudResponse? _known;

    /// <inheritdoc/>
    public string Name => _known?.Name ?? "";

    /// <inheritdoc/>
    public ILoadBalancers? LoadBalancers =>
        _known?.HasLoadBalancers == true ? new RemoteLoadBalancers(_channel) : null;

    /// <inheritdoc/>
    public ICloudInstances? Instances =>
        _known is { } known ? known.HasInstances ? new RemoteInstances(_channel) : new UnknownInstances() : null;

    /// <inheritdoc/>
    public ICloudRoutes? Routes => _known?.HasRoutes == true ? new RemoteRoutes(_channel) : null;

    /// <inheritdoc/>
    public async ValueTask ReadyAsync(CancellationToken cancellationToken)
    {
        for (var wait = FirstRetry; _known is null; wait = wait * 2 < LongestRetry ? wait * 2 : LongestRetry)
        {
            try
            {
                _known = await _channel.ReadAsync(
                    o => _channel.Client.GetCloudAsync(new V1.GetCloudRequest(), o), cancellationToken);
                LogFound(logger, _known.Name, options.Endpoint);
            }
            catch (CloudException error)
            {
                LogSilent(logger, options.Endpoint, error.Message);
                await Task.Delay(error.RetryAfter ?? wait, time, cancellationToken);
            }
        }
    }

    public void Dispose() => _channel.Dispose();

    [LoggerMessage(Level = LogLevel.Information, Message = "the cloud is {Name}, at {Endpoint}")]
    private static partial void LogFound(ILogger logger, string name, string endpoint);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "the cloud's provider at {Endpoint} does not say what it has, and is asked again: {Error}")]
    private static partial void LogSilent(ILogger logger, string endpoint, string error);
}
