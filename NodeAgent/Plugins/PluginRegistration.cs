using Grpc.Core;
using k8s.Autorest;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Plugins.V1;

namespace OrleansOrchestrator.NodeAgent.Plugins;

/// <summary>
/// What is said between the node and a plugin at its socket, in upstream's steps, words and patience: who are you,
/// then whether it was taken. A plugin that was not hears why.
/// </summary>
public sealed class PluginRegistration(IEnumerable<IPluginHandler> handlers)
{
    private static readonly TimeSpan InfoPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan NotifyPatience = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, IPluginHandler> _handlers =
        handlers.ToDictionary(h => h.Type, StringComparer.Ordinal);

    /// <summary>Throws a <see cref="PluginException"/> when the plugin is not taken.</summary>
    public async Task<RegisteredPlugin> RegisterAsync(string socketPath, CancellationToken cancellationToken)
    {
        using var channel = UnixChannels.Open(socketPath);
        var client = new Registration.RegistrationClient(channel);
        var info = await InfoAsync(client, socketPath, cancellationToken);
        var plugin = new Plugin(
            info.Name, info.Endpoint.Length > 0 ? info.Endpoint : socketPath, [.. info.SupportedVersions]);
        var handler = _handlers.GetValueOrDefault(info.Type);
        var problem = handler is null
            ? $"RegisterPlugin error -- no handler registered for plugin type: {info.Type} at socket {socketPath}"
            : await ProblemAsync(handler, plugin, cancellationToken);
        await NotifyAsync(client, problem, cancellationToken);
        return problem is null ? new RegisteredPlugin(handler!, plugin) : throw new PluginException(problem);
    }

    private static async Task<PluginInfo> InfoAsync(
        Registration.RegistrationClient client, string socketPath, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetInfoAsync(new InfoRequest(), UnixChannels.Within(InfoPatience, cancellationToken));
        }
        catch (Exception failure) when (
            failure is RpcException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new PluginException(
                "RegisterPlugin error -- failed to get plugin info using RPC GetInfo at socket " +
                $"{socketPath}, err: {CriErrors.Detail(failure)}");
        }
    }

    private static async Task<string?> ProblemAsync(
        IPluginHandler handler, Plugin plugin, CancellationToken cancellationToken)
    {
        if (handler.Problem(plugin) is { } invalid)
        {
            return $"RegisterPlugin error -- plugin validation failed with err: {invalid}";
        }

        try
        {
            await handler.RegisterAsync(plugin, cancellationToken);
            return null;
        }
        catch (Exception failure) when (failure is PluginException or HttpOperationException or HttpRequestException)
        {
            return $"RegisterPlugin error -- plugin registration failed with err: {failure.Message}";
        }
    }

    /// <summary>One that does not listen is registered, or refused, all the same.</summary>
    private static async Task NotifyAsync(
        Registration.RegistrationClient client, string? problem, CancellationToken cancellationToken)
    {
        try
        {
            await client.NotifyRegistrationStatusAsync(
                new RegistrationStatus { PluginRegistered = problem is null, Error = problem ?? "" },
                UnixChannels.Within(NotifyPatience, cancellationToken));
        }
        catch (Exception failure) when (
            failure is RpcException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // It learns from its work, or the lack of it.
        }
    }
}

/// <summary>A plugin that was taken, and by whom.</summary>
public sealed record RegisteredPlugin(IPluginHandler Handler, Plugin Plugin);
