using System.Net.Sockets;
using Npgsql;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>
/// Puts a changed EncryptionConfiguration to use. One that cannot read all that the store holds, or whose plugins are
/// not well, is refused, and the old one stays: so a key that goes too early harms nothing.
/// </summary>
/// <param name="inUse">What is replaced.</param>
/// <param name="connectionString">Of the store.</param>
/// <param name="time">The clock of plugins.</param>
public sealed class EncryptionReload(EncryptionInUse inUse, string connectionString, TimeProvider time)
{
    /// <summary>Null when the content is in use; else why it is not.</summary>
    public async Task<string?> UseAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        EncryptionConfiguration? next = null;
        try
        {
            next = EncryptionConfigurationReader.Read(content.Span, time);
            await StoreKeys.CheckAsync(connectionString, next, cancellationToken);
            if (await next.CheckPluginsAsync(cancellationToken) is { } problem)
            {
                return "health check for new transformers failed, polling error context deadline exceeded: " + problem;
            }

            inUse.Use(next);
            next = null;
            return null;
        }
        catch (Exception wrong) when (
            wrong is FormatException or StoreKeyException or NpgsqlException or TimeoutException or SocketException)
        {
            return wrong.Message;
        }
        finally
        {
            next?.Dispose();
        }
    }
}
