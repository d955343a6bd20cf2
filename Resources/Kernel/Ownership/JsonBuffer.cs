using System.Runtime.InteropServices;
using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// JSON that is put together from parts of other JSON, which are copied as they stand. What turns out to be empty can
/// be taken back.
/// </summary>
internal sealed class JsonBuffer
{
    private byte[] _bytes = new byte[4096];
    private int _length;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    /// <summary>Where the next part begins.</summary>
    public int Position => _length;

    public void Write(ReadOnlySpan<byte> json)
    {
        if (_bytes.Length - _length < json.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + json.Length));
        }

        json.CopyTo(_bytes.AsSpan(_length));
        _length += json.Length;
    }

    public void Write(JsonElement value) => Write(JsonMarshal.GetRawUtf8Value(value));

    /// <summary>Forgets what was written from a place on.</summary>
    public void TakeBack(int position) => _length = position;

    /// <summary>Begins an element or field: with a comma, unless it is the first from a place on.</summary>
    public void Separate(int start)
    {
        if (_length > start)
        {
            Write(","u8);
        }
    }

    public void WriteName(JsonProperty property)
    {
        Write("\""u8);
        Write(JsonMarshal.GetRawUtf8PropertyName(property));
        Write("\":"u8);
    }
}
