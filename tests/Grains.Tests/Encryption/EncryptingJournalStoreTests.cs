using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Tests.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Encryption;

/// <summary>Behind encryption a store keeps all its promises.</summary>
public sealed class EncryptingJournalStoreTests : JournalStoreConformance
{
    private MemoryJournalStore _inner = null!;

    protected override Task<IJournalStore> CreateAsync()
    {
        _inner = new MemoryJournalStore();
        var everything = new EncryptionConfiguration();
        everything.Add(["*.*"], [Keys.AesGcm(Keys.Of("key1", 1))]);
        var inUse = new EncryptionInUse(everything);
        return Task.FromResult<IJournalStore>(
            new EncryptingJournalStore(_inner, inUse, static (_, _, _) => Task.CompletedTask));
    }

    protected override Task TrimAsync(IJournalStore store, ResourceName resource, int keep)
    {
        _inner.Trim(resource, keep);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task TheKeyIsNotedBeforeTheFirstWriteAndOfWhatIsEncryptedOnly()
    {
        var noted = new List<string>();
        var inUse = new EncryptionInUse(Keys.ForSecrets([Keys.Of("key1", 1)]));
        var store = new EncryptingJournalStore(
            new MemoryJournalStore(), inUse, (resource, encryption, _) =>
            {
                noted.Add($"{resource} {encryption.WritesWith}");
                return Task.CompletedTask;
            });

        await store.OpenAsync(new ResourceName("", "pods"), default);
        await store.OpenAsync(new ResourceName("", "secrets"), default);

        Assert.Equal(["secrets k8s:enc:aesgcm:v1:key1:"], noted);
    }
}
