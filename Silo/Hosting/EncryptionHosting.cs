using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Grains.Encryption;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Wires what is seen of encryption into a host: the health of plugins, and a file that is followed.</summary>
internal static class EncryptionHosting
{
    public static void AddEncryption(
        this IServiceCollection services, SiloOptions options, SiloConfiguration configuration)
    {
        if (configuration.Encryption?.UsesPlugins == true || options.ReloadsEncryption)
        {
            services.AddSingleton<IHealthProbe>(static provider => new HealthProbe(
                "kms-providers", HealthScope.Both, provider.GetRequiredService<EncryptionInUse>().CheckPluginsAsync));
        }

        if (options.ReloadsEncryption)
        {
            services.FollowFile(provider => Follow(
                provider, options.EncryptionFile!, configuration.EncryptionContent, options.ConnectionString!));
        }
    }

    private static FollowedFile Follow(
        IServiceProvider provider, string path, ReadOnlyMemory<byte> content, string connectionString)
    {
        var reload = new EncryptionReload(
            provider.GetRequiredService<EncryptionInUse>(), connectionString,
            provider.GetRequiredService<TimeProvider>());
        return new FollowedFile(path, "encryption_config", content, async (changed, cancellationToken) =>
        {
            if (await reload.UseAsync(changed, cancellationToken) is { } problem)
            {
                throw new ConfigurationException(problem);
            }
        })
        {
            // What is wrong may be that a plugin or the store is away.
            TriesAgain = true,
        };
    }
}
