using Grpc.AspNetCore.Server;
using Grpc.Core;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Devices.V1Beta1;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Devices;

/// <summary>
/// The sockets of devices: one at which plugins register, where every plugin looks for it, and one at which others
/// learn which container has which. Sockets of before are removed first: that is how plugins learn that they have to
/// register again.
/// </summary>
public sealed partial class DeviceServer(
    NodeAgentOptions options, DevicePlugins plugins, PodResourcesLister lister, AlphaPodResourcesLister alpha,
    PodResourcesGate gate, ILoggerFactory loggers, ILogger<DeviceServer> logger) : BackgroundService
{
    private const string Socket = "kubelet.sock";

    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when plugins can register: sockets that lay there before are gone by then.</summary>
    public Task Listening => _listening.Task;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            Clear(options.DevicePluginsDirectory);
            Clear(options.PodResourcesDirectory);
            await using var registration = UnixServers.Build(
                Path.Combine(options.DevicePluginsDirectory, Socket), loggers,
                services => services.AddSingleton(plugins), static app => app.MapGrpcService<Registrar>());
            await using var resources = UnixServers.Build(
                Path.Combine(options.PodResourcesDirectory, Socket), loggers, AddListers, MapListers);
            await resources.StartAsync(stoppingToken);
            await registration.StartAsync(stoppingToken);
            _listening.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stoppingToken).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing);
            await registration.StopAsync(CancellationToken.None);
            await resources.StopAsync(CancellationToken.None);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Pods without devices run all the same.
            LogOff(failure.Message);
        }
    }

    private void AddListers(IServiceCollection services) =>
        services.AddSingleton(lister).AddSingleton(alpha).AddSingleton(gate)
            .Configure<GrpcServiceOptions>(static grpc => grpc.Interceptors.Add<PodResourcesGate>());

    private static void MapListers(WebApplication app)
    {
        app.MapGrpcService<PodResourcesLister>();
        app.MapGrpcService<AlphaPodResourcesLister>();
    }

    private static void Clear(string directory)
    {
        OwnFiles.MakeMissing(directory, OwnFiles.PrivateDirectory);
        foreach (var path in Directory.EnumerateFiles(directory).Where(static p => Linux.KindOf(p) == FileKind.Socket))
        {
            File.Delete(path);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Device plugins cannot register: {Problem}")]
    private partial void LogOff(string problem);

    private sealed class Registrar(DevicePlugins plugins) : Registration.RegistrationBase
    {
        public override async Task<Empty> Register(RegisterRequest request, ServerCallContext context)
        {
            try
            {
                await plugins.RegisterAsync(
                    request.Version, request.ResourceName, request.Endpoint, context.CancellationToken);
                return new Empty();
            }
            catch (DeviceException refusal)
            {
                throw new RpcException(new Status(StatusCode.Unknown, refusal.Message));
            }
        }
    }
}
