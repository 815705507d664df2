using System.Text;

namespace Kola.Cli;

/// <summary>
/// Standard output or error under GitHub Actions, which takes a line for a command that begins with <c>::</c> after any white space, or holds
/// <c>##[</c> anywhere. What a machine said is printed, too, so no line through here is one, however it is cut into
/// writes: a space parts what would begin it. Commands of our own go to the writer beneath.
/// </summary>
internal sealed class WorkflowLog(TextWriter inner) : TextWriter
{
    private readonly Lock _gate = new();
    private bool _isLeading = true;
    private char _before;
    private char _last;

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Write([value]);

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> buffer)
    {
        lock (_gate)
        {
            var text = new StringBuilder(buffer.Length + 1);
            foreach (char c in buffer)
                Take(text, c);
            inner.Write(text.ToString());
        }
    }

    public override void WriteLine(string? value) => Write($"{value}{inner.NewLine}".AsSpan());

    public override void Flush() => inner.Flush();

    private void Take(StringBuilder text, char c)
    {
        if (c is '\n' or '\r')
        {
            (_isLeading, _before, _last) = (true, '\0', '\0');
            text.Append(c);
            return;
        }

        if ((_isLeading && c == ':' && _last == ':') || (c == '[' && _last == '#' && _before == '#'))
            text.Append(' ');
        // A first colon may be the half of a command.
        _isLeading &= char.IsWhiteSpace(c) || (c == ':' && _last != ':');
        (_before, _last) = (_last, c);
        text.Append(c);
    }
}
